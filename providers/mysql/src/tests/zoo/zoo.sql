-- 01 every kind of number
CREATE TABLE numbers (id INT UNSIGNED AUTO_INCREMENT PRIMARY KEY, t TINYINT, b BOOL, s SMALLINT UNSIGNED, m MEDIUMINT, i BIGINT UNSIGNED,
  d DECIMAL(65, 30), f FLOAT, g DOUBLE, z INT(7) ZEROFILL, bits BIT(64)) AUTO_INCREMENT = 1000;
INSERT INTO numbers (t, b, s, m, i, d, f, g, z, bits) VALUES (-128, TRUE, 65535, -8388608, 18446744073709551615,
  12345678901234567890123456789012345.123456789012345678901234567890, 1.1, 1.7976931348623157e308, 42, b'1010'),
  (NULL, NULL, NULL, NULL, NULL, NULL, 1e-38, 2.2250738585072014e-308, NULL, NULL);
-- 02 a key that is zero
CREATE TABLE zero_key (id INT AUTO_INCREMENT PRIMARY KEY, what TEXT);
INSERT INTO zero_key VALUES (7, 'seven');
UPDATE zero_key SET id = 0 WHERE id = 7;
-- 03 times, also those that are none
SET SESSION sql_mode = '';
CREATE TABLE times (d DATE, t TIME(6), dt DATETIME(6), ts TIMESTAMP(3) NULL, y YEAR, made TIMESTAMP DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
  none DATE DEFAULT '0000-00-00');
INSERT INTO times VALUES ('9999-12-31', '-838:59:59.000000', '1000-01-01 00:00:00.000001', '2026-03-29 01:30:00.123', 1901, '2001-02-03 04:05:06', '0000-00-00'),
  ('0000-00-00', '00:00:00.5', '2026-00-10', NULL, 0, '2001-02-03 04:05:06', '2026-02-00');
SET SESSION sql_mode = DEFAULT;
-- 04 texts of every kind, with everything that is an escape somewhere
CREATE TABLE texts (id INT PRIMARY KEY, c CHAR(20), v VARCHAR(500), tt TINYTEXT, m MEDIUMTEXT, l LONGTEXT);
INSERT INTO texts VALUES (1, ' both ', 'a''b"c\\d\te\nf\rg\Zh%i_j;k`l--m/*n*/', '', REPEAT('ü€😀', 5000), CONCAT('line', CHAR(0), 'nul')), (2, '', NULL, 'NULL', '\\N', ';;\nDELIMITER ;\n-- Dump completed\n');
-- 05 bytes
CREATE TABLE bytes (id INT PRIMARY KEY, b BINARY(5), v VARBINARY(300), tb TINYBLOB, mb MEDIUMBLOB, l LONGBLOB);
INSERT INTO bytes VALUES (1, 'ab', UNHEX('00FF275C0A1A'), '', REPEAT(UNHEX('00010203'), 50000), REPEAT(UNHEX('C328'), 100000)), (2, NULL, NULL, NULL, NULL, NULL);
-- 06 enums and sets in another character set, with odd members
CREATE TABLE choices (e ENUM('', 'o''ne', 'programmée', 'a,b') CHARACTER SET latin1, s SET('x', 'ÿ', 'z z') CHARACTER SET latin1);
INSERT INTO choices VALUES ('programmée', 'x,ÿ'), ('', ''), ('a,b', 'z z');
-- 07 character sets and collations of each column
CREATE TABLE charsets (a VARCHAR(20) CHARACTER SET latin1, b VARCHAR(20) CHARACTER SET utf8mb3 COLLATE utf8mb3_turkish_ci, c VARCHAR(20) CHARACTER SET ucs2,
  d VARCHAR(20) CHARACTER SET utf16, e VARCHAR(20) CHARACTER SET cp1251, f VARCHAR(20) CHARACTER SET sjis, g VARCHAR(20) COLLATE utf8mb4_nopad_bin,
  UNIQUE (g)) DEFAULT CHARACTER SET koi8r;
INSERT INTO charsets VALUES ('é', 'ıI', 'Ω', '😀', 'Ж', 'ソ', 'a '), ('ÿ', 'i', 'ω', 'x', 'ж', '表', 'a');
-- 08 JSON, which is a text with a check
CREATE TABLE documents (j JSON, CHECK (JSON_LENGTH(j) < 10));
INSERT INTO documents VALUES ('{"a": [1, 2.50, "\\u00fc", null], "b": "x\\ny"}'), (NULL), ('  []  ');
-- 09 shapes, with a spatial index
CREATE TABLE shapes (p POINT NOT NULL, l LINESTRING, g POLYGON, m MULTIPOINT, gc GEOMETRYCOLLECTION, r POINT REF_SYSTEM_ID = 4326, SPATIAL INDEX (p));
INSERT INTO shapes VALUES (POINT(1.5, -2), ST_GeomFromText('LINESTRING(0 0, 1 1)'), ST_GeomFromText('POLYGON((0 0, 0 1, 1 1, 0 0))'),
  ST_GeomFromText('MULTIPOINT(1 1, 2 2)'), ST_GeomFromText('GEOMETRYCOLLECTION(POINT(1 1))'), ST_GeomFromText('POINT(1 2)', 4326));
-- 10 addresses and identities
CREATE TABLE kinds (u UUID DEFAULT UUID(), six INET6, four INET4);
INSERT INTO kinds VALUES ('123e4567-e89b-12d3-a456-426614174000', '2001:db8::1', '192.0.2.1'), (NULL, NULL, NULL);
-- 11 generated columns of both kinds, indexed
CREATE TABLE generated (a INT, b INT AS (a * 2) VIRTUAL, c INT AS (a + 1) STORED, d VARCHAR(40) AS (CONCAT('x', a)) VIRTUAL, j JSON, k INT AS (JSON_VALUE(j, '$.k')) VIRTUAL, INDEX (b), INDEX (c, d), INDEX (k));
INSERT INTO generated (a, j) VALUES (1, '{"k": 7}'), (NULL, NULL);
-- 12 a generated column in front of others
CREATE TABLE generated_first (total INT AS (a + b) STORED, a INT, b INT);
INSERT INTO generated_first (a, b) VALUES (1, 2);
-- 13 invisible columns
CREATE TABLE invisible (a INT, b INT INVISIBLE DEFAULT 5, c INT INVISIBLE);
INSERT INTO invisible (a, b, c) VALUES (1, 2, 3), (4, 5, 6);
-- 14 expressions as defaults
CREATE TABLE defaults (a INT, b INT DEFAULT (a + 1), c VARCHAR(40) DEFAULT (CONCAT('x''', UPPER('y'))), d DATE DEFAULT (CURRENT_DATE + INTERVAL 1 DAY), e BLOB DEFAULT 'abc', t TEXT DEFAULT ('it''s; "so"'));
INSERT INTO defaults (a, d) VALUES (1, '2026-01-01');
-- 15 checks, with names and of columns
CREATE TABLE checks (a INT CHECK (a BETWEEN 1 AND 10), s VARCHAR(9) CHECK (s IN ('new', 'paid')), b INT, CONSTRAINT `b is more` CHECK (b > a OR b IS NULL));
INSERT INTO checks VALUES (1, 'new', 2);
-- 16 keys between tables, to itself, in a circle, in a bad order of names
CREATE TABLE z_parent (a INT, b INT, PRIMARY KEY (a, b));
CREATE TABLE a_child (id INT PRIMARY KEY, a INT, b INT, up INT, CONSTRAINT `to parent` FOREIGN KEY (a, b) REFERENCES z_parent (a, b) ON DELETE CASCADE ON UPDATE SET NULL,
  FOREIGN KEY (up) REFERENCES a_child (id));
INSERT INTO z_parent VALUES (1, 1);
INSERT INTO a_child VALUES (1, 1, 1, NULL), (2, 1, 1, 1);
CREATE TABLE egg (id INT PRIMARY KEY, hen INT);
CREATE TABLE hen (id INT PRIMARY KEY, egg INT, FOREIGN KEY (egg) REFERENCES egg (id));
ALTER TABLE egg ADD FOREIGN KEY (hen) REFERENCES hen (id);
INSERT INTO egg VALUES (1, NULL);
INSERT INTO hen VALUES (1, 1);
UPDATE egg SET hen = 1;
-- 17 a row whose key leads nowhere
SET SESSION foreign_key_checks = 0;
CREATE TABLE orphan (id INT PRIMARY KEY, up INT, FOREIGN KEY (up) REFERENCES z_parent (a));
INSERT INTO orphan VALUES (1, 99);
SET SESSION foreign_key_checks = 1;
-- 18 indexes: prefix, descending, ignored, full text, unique over NULL, comments
CREATE TABLE indexes (a INT, b TEXT, c VARCHAR(100), d INT, INDEX (b(10)), INDEX (a DESC, d), INDEX ig (d) IGNORED, FULLTEXT (b, c), UNIQUE (c), INDEX (d, a) COMMENT 'it''s; one', INDEX USING HASH (a, d, c));
INSERT INTO indexes VALUES (1, 'words of text', 'a', NULL), (2, 'more', NULL, 4), (3, 'x', NULL, 4);
-- 19 a unique key over a whole blob
CREATE TABLE long_unique (b BLOB, UNIQUE (b));
INSERT INTO long_unique VALUES (REPEAT('x', 60000)), (REPEAT('y', 60000));
-- 20 no key, rows that are there twice
CREATE TABLE twice (a INT);
INSERT INTO twice VALUES (1), (1), (NULL), (NULL);
-- 21 empty
CREATE TABLE empty_one (a INT);
-- 22 partitions by range with columns, subpartitions
CREATE TABLE by_range (d DATE NOT NULL, n INT NOT NULL) PARTITION BY RANGE COLUMNS (d, n) (PARTITION p0 VALUES LESS THAN ('2025-01-01', 5), PARTITION `p max` VALUES LESS THAN (MAXVALUE, MAXVALUE));
INSERT INTO by_range VALUES ('2024-01-01', 1), ('2026-01-01', 1);
CREATE TABLE by_sub (d DATE NOT NULL) PARTITION BY RANGE (YEAR(d)) SUBPARTITION BY HASH (TO_DAYS(d)) SUBPARTITIONS 2 (PARTITION a VALUES LESS THAN (2020) COMMENT = 'old', PARTITION b VALUES LESS THAN MAXVALUE);
INSERT INTO by_sub VALUES ('2019-01-01'), ('2021-01-01');
-- 23 partitions by list, hash and key
CREATE TABLE by_list (a INT) PARTITION BY LIST (a) (PARTITION odd VALUES IN (1, 3, NULL), PARTITION rest DEFAULT);
INSERT INTO by_list VALUES (1), (NULL), (44);
CREATE TABLE by_hash (a INT) PARTITION BY LINEAR HASH (a) PARTITIONS 3;
INSERT INTO by_hash VALUES (1), (2), (3);
CREATE TABLE by_key (a INT PRIMARY KEY) PARTITION BY KEY (a) PARTITIONS 2;
INSERT INTO by_key VALUES (1), (2), (3);
-- 24 system versioning with columns of the server's own
CREATE TABLE versioned (id INT PRIMARY KEY, price INT) WITH SYSTEM VERSIONING;
INSERT INTO versioned VALUES (1, 10), (2, 5);
UPDATE versioned SET price = 20;
DELETE FROM versioned WHERE id = 1;
-- 25 with named columns
CREATE TABLE versioned_named (id INT PRIMARY KEY, x INT, begun TIMESTAMP(6) GENERATED ALWAYS AS ROW START, `ended at` TIMESTAMP(6) GENERATED ALWAYS AS ROW END, PERIOD FOR SYSTEM_TIME (begun, `ended at`)) WITH SYSTEM VERSIONING;
INSERT INTO versioned_named (id, x) VALUES (1, 1);
UPDATE versioned_named SET x = 2;
-- 26 partitioned by system time
CREATE TABLE versioned_parts (id INT) WITH SYSTEM VERSIONING PARTITION BY SYSTEM_TIME LIMIT 100 PARTITIONS 3;
INSERT INTO versioned_parts VALUES (1);
UPDATE versioned_parts SET id = 2;
-- 27 some columns without it
CREATE TABLE versioned_some (id INT, a INT, b INT WITHOUT SYSTEM VERSIONING) WITH SYSTEM VERSIONING;
INSERT INTO versioned_some VALUES (1, 1, 1);
UPDATE versioned_some SET a = 2;
UPDATE versioned_some SET b = 3;
-- 28 periods of the application, without overlaps
CREATE TABLE periods (id INT, s DATE, e DATE, PERIOD FOR p (s, e), UNIQUE (id, p WITHOUT OVERLAPS));
INSERT INTO periods VALUES (1, '2020-01-01', '2021-01-01'), (1, '2021-01-01', '2022-01-01');
-- 29 sequences of several kinds, used and not
CREATE SEQUENCE counted START WITH 100 INCREMENT BY 7 MINVALUE 5 MAXVALUE 100000 CACHE 3 CYCLE;
SELECT NEXTVAL(counted), NEXTVAL(counted);
CREATE SEQUENCE backwards START WITH 10 INCREMENT BY -1 MINVALUE -100 MAXVALUE 10 NOCACHE;
CREATE SEQUENCE `no; such`;
-- 30 columns that draw from a sequence
CREATE TABLE drawn (id INT DEFAULT NEXTVAL(counted) PRIMARY KEY, what VARCHAR(9));
INSERT INTO drawn (what) VALUES ('a'), ('b');
-- 31 engines and formats of rows
CREATE TABLE compressed (a INT, b TEXT) ROW_FORMAT = COMPRESSED KEY_BLOCK_SIZE = 8;
INSERT INTO compressed VALUES (1, REPEAT('abc', 1000));
CREATE TABLE redundant (a INT) ROW_FORMAT = REDUNDANT STATS_PERSISTENT = 1;
INSERT INTO redundant VALUES (1);
CREATE TABLE pages (a INT, b TEXT) PAGE_COMPRESSED = 1 PAGE_COMPRESSION_LEVEL = 3;
INSERT INTO pages VALUES (1, REPEAT('x', 3000));
-- 32 compressed columns
CREATE TABLE squeezed (a TEXT COMPRESSED, b VARBINARY(2000) COMPRESSED);
INSERT INTO squeezed VALUES (REPEAT('ab', 1000), REPEAT(UNHEX('00FF'), 500)), (NULL, '');
-- 35 odd names of tables and columns
CREATE TABLE `a``b'c"d;e\f/g?h*i%j|k` (`x``y` INT, `select` INT, `; DROP` INT, `ü €` INT) COMMENT = '';
CREATE TABLE `ends```(a INT);
INSERT INTO `ends``` VALUES (1);
CREATE TABLE `(`(`(` INT);
INSERT INTO `(` VALUES (1);
CREATE TABLE ` two  spaces`(a INT);
-- 36 names that differ only by case
CREATE TABLE `Case` (a INT);
CREATE TABLE `case` (a INT);
INSERT INTO `Case` VALUES (1);
-- 37 names with a dot, which looks like a database
CREATE TABLE `zoo.dots` (a INT);
INSERT INTO `zoo.dots` VALUES (1);
CREATE TABLE `dots.` (a INT);
CREATE TABLE `AUTO_INCREMENT=5` (a INT) COMMENT = ' AUTO_INCREMENT=77 x';
-- 38 a table, a column and an index with the name of the database
CREATE TABLE zoo (zoo INT, INDEX zoo (zoo)) COMMENT = 'of `zoo`.`zoo`';
INSERT INTO zoo VALUES (1);
-- 39 comments with everything
CREATE TABLE remarks (a INT COMMENT 'it''s "so"; \\ \n ü /* x */ -- y') COMMENT = 'line\nDELIMITER ;;\nALTER DATABASE `zoo` CHARACTER SET latin1 ;';
-- 40 many columns
CREATE TABLE wide (a INT PRIMARY KEY, c0 INT, c1 INT, c2 INT, c3 INT, c4 INT, c5 INT, c6 INT, c7 INT, c8 INT, c9 INT, c10 INT, c11 INT, c12 INT, c13 INT, c14 INT, c15 INT, c16 INT, c17 INT, c18 INT, c19 INT, c20 INT, c21 INT, c22 INT, c23 INT, c24 INT, c25 INT, c26 INT, c27 INT, c28 INT, c29 INT, c30 INT, c31 INT, c32 INT, c33 INT, c34 INT, c35 INT, c36 INT, c37 INT, c38 INT, c39 INT, c40 INT, c41 INT, c42 INT, c43 INT, c44 INT, c45 INT, c46 INT, c47 INT, c48 INT, c49 INT, c50 INT, c51 INT, c52 INT, c53 INT, c54 INT, c55 INT, c56 INT, c57 INT, c58 INT, c59 INT, c60 INT, c61 INT, c62 INT, c63 INT, c64 INT, c65 INT, c66 INT, c67 INT, c68 INT, c69 INT, c70 INT, c71 INT, c72 INT, c73 INT, c74 INT, c75 INT, c76 INT, c77 INT, c78 INT, c79 INT, c80 INT, c81 INT, c82 INT, c83 INT, c84 INT, c85 INT, c86 INT, c87 INT, c88 INT, c89 INT, c90 INT, c91 INT, c92 INT, c93 INT, c94 INT, c95 INT, c96 INT, c97 INT, c98 INT, c99 INT, c100 INT, c101 INT, c102 INT, c103 INT, c104 INT, c105 INT, c106 INT, c107 INT, c108 INT, c109 INT, c110 INT, c111 INT, c112 INT, c113 INT, c114 INT, c115 INT, c116 INT, c117 INT, c118 INT, c119 INT, c120 INT, c121 INT, c122 INT, c123 INT, c124 INT, c125 INT, c126 INT, c127 INT, c128 INT, c129 INT, c130 INT, c131 INT, c132 INT, c133 INT, c134 INT, c135 INT, c136 INT, c137 INT, c138 INT, c139 INT, c140 INT, c141 INT, c142 INT, c143 INT, c144 INT, c145 INT, c146 INT, c147 INT, c148 INT, c149 INT, c150 INT, c151 INT, c152 INT, c153 INT, c154 INT, c155 INT, c156 INT, c157 INT, c158 INT, c159 INT, c160 INT, c161 INT, c162 INT, c163 INT, c164 INT, c165 INT, c166 INT, c167 INT, c168 INT, c169 INT, c170 INT, c171 INT, c172 INT, c173 INT, c174 INT, c175 INT, c176 INT, c177 INT, c178 INT, c179 INT, c180 INT, c181 INT, c182 INT, c183 INT, c184 INT, c185 INT, c186 INT, c187 INT, c188 INT, c189 INT, c190 INT, c191 INT, c192 INT, c193 INT, c194 INT, c195 INT, c196 INT, c197 INT, c198 INT, c199 INT);
INSERT INTO wide (a, c0, c199) VALUES (1, 2, 3);
-- 41 views: on tables, on views, with checks
CREATE VIEW v_one AS SELECT id, t FROM numbers WHERE t = -128;
CREATE VIEW a_view_on_views AS SELECT v.id, z.zoo FROM v_one v JOIN zoo z;
CREATE ALGORITHM = TEMPTABLE SQL SECURITY INVOKER VIEW v_temp (`a b`, `c``d`) AS SELECT 1, 'it''s';
CREATE VIEW v_checked AS SELECT a FROM twice WHERE a > 0 WITH LOCAL CHECK OPTION;
-- 42 views of another definer, and of one who has gone
CREATE DEFINER = 'app'@'%' VIEW v_app AS SELECT e.hen FROM egg e WHERE e.id = 1;
CREATE DEFINER = 'gone'@'nowhere' VIEW v_gone AS SELECT a FROM twice WHERE a = 1;
-- 43 a view whose definer is a role
CREATE DEFINER = keepers VIEW v_role AS SELECT a FROM twice;
-- 44 a view with names as texts, unions, common tables
CREATE VIEW v_long AS WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 3) SELECT i, 'of `zoo`.' AS zoo, ROW_NUMBER() OVER (ORDER BY i) FROM n UNION SELECT zoo, 'zoo', 1 FROM zoo;
-- 45 a function, called by a view and by a query
CREATE FUNCTION doubled(x INT) RETURNS INT DETERMINISTIC RETURN x * 2;
CREATE VIEW v_function AS SELECT doubled(zoo) AS d FROM zoo;
-- 46 procedures: several statements, parameters, names of the database, comments
CREATE PROCEDURE `p;roc`(IN a INT, OUT b VARCHAR(20) CHARACTER SET latin1, INOUT c DECIMAL(10, 2)) MODIFIES SQL DATA SQL SECURITY INVOKER COMMENT 'it''s; //'
BEGIN
  -- DELIMITER ;
  DECLARE CONTINUE HANDLER FOR NOT FOUND SET b = 'none';
  SET b = 'x;;y', c = c + a;
ALTER TABLE wide COMMENT = 'x';
  SELECT COUNT(*) FROM `zoo`.`zoo` WHERE 1 = 1;
END;
-- 47 routines of other definers
CREATE DEFINER = 'app'@'%' FUNCTION of_app() RETURNS TEXT CHARSET utf8mb4 READS SQL DATA RETURN (SELECT MAX(v) FROM texts);
CREATE DEFINER = keepers PROCEDURE of_role() SELECT 1;
CREATE DEFINER = 'gone'@'nowhere' PROCEDURE of_gone() SELECT 1;
-- 48 an aggregate function
CREATE AGGREGATE FUNCTION longest(s VARCHAR(100)) RETURNS VARCHAR(100) CHARSET utf8mb4 DETERMINISTIC
BEGIN
  DECLARE best VARCHAR(100) DEFAULT '';
  DECLARE CONTINUE HANDLER FOR NOT FOUND RETURN best;
  LOOP FETCH GROUP NEXT ROW; IF LENGTH(s) > LENGTH(best) THEN SET best = s; END IF; END LOOP;
END;
-- 49 Oracle's dialect: a procedure and a package
SET SESSION sql_mode = ORACLE;
CREATE PROCEDURE of_oracle (a IN NUMBER) AS b NUMBER; BEGIN b := a || '1'; END;
CREATE PACKAGE pack AS FUNCTION f RETURN INT; END;
CREATE PACKAGE BODY pack AS FUNCTION f RETURN INT AS BEGIN RETURN 7; END; END;
SET SESSION sql_mode = DEFAULT;
-- 50 a mode of its own for quotes and pipes
SET SESSION sql_mode = 'ANSI_QUOTES,PIPES_AS_CONCAT,NO_BACKSLASH_ESCAPES,STRICT_ALL_TABLES';
CREATE FUNCTION ansi() RETURNS VARCHAR(20) CHARSET utf8mb4 DETERMINISTIC RETURN 'a\' || 'b';
CREATE VIEW v_ansi AS SELECT "a" || '\' AS "x y" FROM "twice";
CREATE TABLE ansi_defaults (a VARCHAR(20) DEFAULT '\x', b VARCHAR(40) AS (a || '-') VIRTUAL);
INSERT INTO ansi_defaults (a) VALUES ('\'), ('b');
SET SESSION sql_mode = DEFAULT;
-- 51 routines and views made by a client of another character set
SET NAMES latin1;
CREATE FUNCTION of_latin() RETURNS VARCHAR(9) CHARSET latin1 DETERMINISTIC RETURN 'x';
CREATE VIEW v_latin AS SELECT 'x' AS a;
SET NAMES utf8mb4;
-- 52 a routine from before the database had its collation
ALTER DATABASE zoo CHARACTER SET latin1 COLLATE latin1_german1_ci;
CREATE PROCEDURE before_change(a VARCHAR(20)) SELECT a;
CREATE TRIGGER before_change BEFORE INSERT ON empty_one FOR EACH ROW SET NEW.a = NEW.a + 1;
CREATE EVENT before_change ON SCHEDULE EVERY 1 YEAR STARTS '2037-01-01 00:00:00' DISABLE DO SET @x = 1;
ALTER DATABASE zoo CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci COMMENT 'the ''zoo''';
-- 53 triggers: several on one table, in an order
CREATE TABLE guarded (a INT, n INT DEFAULT 0);
INSERT INTO guarded VALUES (1, 1);
CREATE TRIGGER g_two BEFORE INSERT ON guarded FOR EACH ROW SET NEW.n = NEW.n * 2;
CREATE TRIGGER g_one BEFORE INSERT ON guarded FOR EACH ROW PRECEDES g_two SET NEW.n = NEW.n + 1;
CREATE TRIGGER `g;three` AFTER UPDATE ON guarded FOR EACH ROW BEGIN INSERT INTO twice VALUES (NEW.a); DELETE FROM twice WHERE a = ';;'; END;
-- 54 a trigger that names its database, and one of another definer
CREATE TRIGGER zoo.qualified AFTER DELETE ON zoo.guarded FOR EACH ROW INSERT INTO zoo.twice VALUES (OLD.a);
CREATE DEFINER = 'app'@'%' TRIGGER of_app BEFORE DELETE ON guarded FOR EACH ROW SET @gone = OLD.a;
-- 55 a trigger that would change rows that are restored
CREATE TRIGGER would_change BEFORE INSERT ON numbers FOR EACH ROW SET NEW.t = 1;
-- 56 events: at a time, every so often, disabled, with several statements, of another definer
CREATE EVENT once ON SCHEDULE AT '2037-12-31 23:59:59' ON COMPLETION PRESERVE ENABLE COMMENT 'it''s' DO INSERT INTO twice VALUES (9);
CREATE DEFINER = 'app'@'%' EVENT `e v;ery` ON SCHEDULE EVERY '1:30' HOUR_MINUTE STARTS '2037-01-01 00:00:00' ENDS '2037-06-01 00:00:00' DISABLE DO BEGIN SET @a = 1; SET @b = ';'; END;
-- 57 an event in a zone of its own
SET SESSION time_zone = '+05:30';
CREATE EVENT zoned ON SCHEDULE EVERY 1 DAY STARTS '2037-01-01 02:00:00' DISABLE DO SET @z = 1;
SET SESSION time_zone = DEFAULT;
-- 58 options of tables
CREATE TABLE options (a INT) AVG_ROW_LENGTH = 100 MIN_ROWS = 5 STATS_AUTO_RECALC = 0 CHARACTER SET latin2 COLLATE latin2_bin;
-- 59 a long name of everything
CREATE TABLE t234567890123456789012345678901234567890123456789012345678901234 (c234567890123456789012345678901234567890123456789012345678901234 INT,
  INDEX i234567890123456789012345678901234567890123456789012345678901234 (c234567890123456789012345678901234567890123456789012345678901234));
INSERT INTO t234567890123456789012345678901234567890123456789012345678901234 VALUES (1);
-- 60 a column list that a view hides from `SELECT *`
CREATE VIEW v_star AS SELECT * FROM invisible;
-- 61 a function used in a check, a default and a generated column
CREATE TABLE computed (a VARCHAR(60), b VARCHAR(60) AS (SUBSTRING_INDEX(a, '@', 1)) STORED, c BIGINT DEFAULT (CRC32('zoo')), CHECK (a LIKE '%@%'));
INSERT INTO computed (a) VALUES ('x@y');
-- 62 numbers past the end of what is counted
CREATE TABLE counted_out (id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY) AUTO_INCREMENT = 18446744073709551610;
INSERT INTO counted_out VALUES (NULL);
-- 64 names that differ by a sign that stands for any other in patterns
CREATE TABLE under_score (a INT);
CREATE TABLE underXscore (a INT);
CREATE TRIGGER us BEFORE INSERT ON under_score FOR EACH ROW SET NEW.a = 1;
CREATE TRIGGER ux BEFORE INSERT ON underXscore FOR EACH ROW SET NEW.a = 2;
-- 63 a big row
CREATE TABLE big (a LONGBLOB);
INSERT INTO big VALUES (REPEAT(UNHEX('00FF0A5C'), 1500000));
