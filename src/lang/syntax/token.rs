//! The tokens of a source file, as far as they matter for finding statements, items and their ends.

/// A token: what it is, which bytes it has, and for a bracket which token is its partner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token {
    /// What it is.
    pub(super) kind: Kind,
    /// First byte.
    pub(super) start: usize,
    /// The byte behind the last.
    pub(super) end: usize,
    /// For an opening bracket: index of the token that closes it.
    pub(super) partner: Option<usize>,
}

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `git_tag`
    Name,
    /// `12.5e3`
    Number,
    /// `"..."`, with all that is inside, interpolations too.
    Quoted {
        /// Whether there is an interpolation or a directive inside.
        template: bool,
    },
    /// `<<EOT` up to its end marker.
    Heredoc,
    /// `(`, `[` or `{`.
    Open(Bracket),
    /// `)`, `]` or `}`.
    Close(Bracket),
    /// `=`
    Assign,
    /// `,`
    Comma,
    /// `:`
    Colon,
    /// `...`
    Ellipsis,
    /// Any other sign.
    Operator,
    /// The end of a line.
    Newline,
    /// Behind the last token.
    End,
}

/// Which pair of brackets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bracket {
    /// `( )`
    Round,
    /// `[ ]`
    Square,
    /// `{ }`
    Curly,
}

impl Bracket {
    /// The opening sign.
    pub(super) const fn open(self) -> char {
        match self {
            Self::Round => '(',
            Self::Square => '[',
            Self::Curly => '{',
        }
    }

    /// The closing sign.
    pub(super) const fn close(self) -> char {
        match self {
            Self::Round => ')',
            Self::Square => ']',
            Self::Curly => '}',
        }
    }
}

/// What the scanner hands on.
#[derive(Debug, Default)]
pub(super) struct Scan {
    /// The tokens in their order, comments left out.
    pub(super) tokens: Vec<Token>,
    /// What is wrong already.
    pub(super) faults: Vec<Fault>,
    /// Where objects with more than [`super::MAX_OBJECT_KEYS`] keys begin, in order.
    pub(super) crowded: Vec<usize>,
    /// Where the marker of a heredoc begins a line of it without ending it, in order.
    pub(super) false_markers: Vec<usize>,
    /// Where numbers with an exponent stand, in order.
    pub(super) exponents: Vec<std::ops::Range<usize>>,
}

/// Something that the scanner found wrong.
#[derive(Debug)]
pub(super) struct Fault {
    /// What and where, for the user.
    pub(super) diagnostic: crate::diag::Diagnostic,
    /// The byte it is at.
    pub(super) at: usize,
    /// Whether brackets and lines behind it cannot be trusted any more.
    pub(super) structural: bool,
}
