//! From hcl-edit's expressions to ours. Texts and numbers are read from the source, never from hcl-edit's values:
//! those are binary floats, lose carriage returns and keep escapes inside of directives.

use std::ops::Range;
use std::sync::Arc;

use hcl_edit::Span as _;
use hcl_edit::expr::{BinaryOperator, Expression, ObjectKey, TraversalOperator, UnaryOperator};
use relplan_contract::{Kind, Number, Value};

use super::template;
use crate::diag::{Diagnostic, Diagnostics};
use crate::lang::ast::{Access, BinaryOp, Call, Expr, For, Node, UnaryOp};
use crate::source::{FileId, Span};

/// Knows where the parsed text stands in its file.
pub(super) struct Converter<'t> {
    pub(super) file: FileId,
    /// The whole file.
    pub(super) text: &'t str,
    /// Where the parsed text begins in it.
    pub(super) offset: usize,
    /// How many bytes were put before it for the parser.
    pub(super) shift: usize,
}

impl Converter<'_> {
    /// Converts what was parsed; `wrapped` tells that it was put in parentheses for the parser.
    pub(super) fn root(
        &self,
        parsed: &Expression,
        wrapped: bool,
        diagnostics: &mut Diagnostics,
    ) -> Option<Expr> {
        let mut inner = parsed;
        if let Expression::Parenthesis(parentheses) = parsed
            && wrapped
        {
            inner = parentheses.inner();
        }
        let mut faults = Diagnostics::default();
        let expr = self.expr(inner, &mut faults);
        let valid = faults.is_empty();
        diagnostics.extend(faults);
        valid.then_some(expr)
    }

    fn place(&self, range: Option<Range<usize>>) -> Range<usize> {
        let range = range.unwrap_or(self.shift..self.shift);
        let at = |offset: usize| self.offset + offset.saturating_sub(self.shift);
        at(range.start)..at(range.end)
    }

    pub(super) fn span(&self, range: Option<Range<usize>>) -> Span {
        let place = self.place(range);
        super::span(self.file, place.start, place.end)
    }

    /// The source text of a range of the parsed text.
    pub(super) fn source(&self, range: Option<Range<usize>>) -> &str {
        self.text.get(self.place(range)).unwrap_or_default()
    }

    pub(super) fn expr(&self, expression: &Expression, faults: &mut Diagnostics) -> Expr {
        let mut span = self.span(expression.span());
        let boxed = |inner: &Expression, faults: &mut Diagnostics| Box::new(self.expr(inner, faults));
        let node = match expression {
            Expression::Null(_) => Node::Literal(Value::NULL),
            Expression::Bool(truth) => Node::Literal(Value::from(*truth.value())),
            Expression::Number(_) => number(span, self.source(expression.span()), faults),
            Expression::String(_) => {
                let quoted = self.source(expression.span());
                let inside = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
                Node::Literal(Value::string(template::unescape(inside)))
            }
            Expression::Array(items) => {
                Node::List(items.iter().map(|item| self.expr(item, faults)).collect())
            }
            Expression::Object(object) => Node::Object(
                object
                    .iter()
                    .map(|(key, value)| (self.key(key, faults), self.expr(value.expr(), faults)))
                    .collect(),
            ),
            Expression::StringTemplate(quoted) => template::quoted(self, quoted, faults),
            Expression::HeredocTemplate(heredoc) => {
                // `<<-` was rewritten as ` <<` for the parser, so its span begins one byte late.
                let indented = self.source(expression.span()).starts_with("<-");
                span.start -= u32::from(indented);
                template::heredoc(self, &heredoc.template, indented, faults)
            }
            Expression::Parenthesis(inner) => Node::Parens(boxed(inner.inner(), faults)),
            Expression::Variable(name) => Node::Name(name.as_str().into()),
            Expression::Conditional(choice) => Node::Conditional(
                boxed(&choice.cond_expr, faults),
                boxed(&choice.true_expr, faults),
                boxed(&choice.false_expr, faults),
            ),
            Expression::FuncCall(call) => self.call(call, faults),
            Expression::Traversal(traversal) => {
                let steps = traversal.operators.iter().map(|step| self.step(step.value(), faults)).collect();
                Node::Access(boxed(&traversal.expr, faults), steps)
            }
            Expression::UnaryOp(operation) => {
                let operator = match operation.operator.value() {
                    UnaryOperator::Neg => UnaryOp::Negate,
                    UnaryOperator::Not => UnaryOp::Not,
                };
                Node::Unary(operator, boxed(&operation.expr, faults))
            }
            Expression::BinaryOp(operation) => Node::Binary(
                boxed(&operation.lhs_expr, faults),
                binary(*operation.operator.value()),
                boxed(&operation.rhs_expr, faults),
            ),
            Expression::ForExpr(for_expr) => self.for_expr(for_expr, faults),
        };
        Expr { span, node }
    }

    fn key(&self, key: &ObjectKey, faults: &mut Diagnostics) -> Expr {
        match key {
            ObjectKey::Ident(name) => {
                Expr { span: self.span(key.span()), node: Node::Literal(Value::string(name.as_str())) }
            }
            ObjectKey::Expression(expression) => self.expr(expression, faults),
        }
    }

    fn call(&self, call: &hcl_edit::expr::FuncCall, faults: &mut Diagnostics) -> Node {
        let words = call.name.namespace.iter().chain(std::iter::once(&call.name.name));
        let name: Vec<&str> = words.clone().map(|word| word.as_str()).collect();
        let first = words.clone().next().and_then(hcl_edit::Span::span);
        let name_span = self.span(first).to(self.span(call.name.name.span()));
        Node::Call(Call {
            name: name.join("::").into(),
            name_span,
            arguments: call.args.iter().map(|argument| self.expr(argument, faults)).collect(),
            expand_last: call.args.expand_final(),
        })
    }

    fn step(&self, step: &TraversalOperator, faults: &mut Diagnostics) -> Access {
        match step {
            TraversalOperator::GetAttr(name) => {
                Access::Attribute(name.as_str().into(), self.span(name.span()))
            }
            TraversalOperator::Index(index) => Access::Index(self.expr(index, faults)),
            TraversalOperator::LegacyIndex(index) => {
                let number = i64::try_from(*index.value()).unwrap_or(i64::MAX);
                let span = self.span(index.span());
                Access::Index(Expr { span, node: Node::Literal(Value::new(Kind::Number(number.into()))) })
            }
            TraversalOperator::AttrSplat(splat) => Access::AttributeSplat(self.span(splat.span())),
            TraversalOperator::FullSplat(splat) => Access::FullSplat(self.span(splat.span())),
        }
    }

    fn for_expr(&self, for_expr: &hcl_edit::expr::ForExpr, faults: &mut Diagnostics) -> Node {
        let intro = &for_expr.intro;
        Node::For(Box::new(For {
            key: intro.key_var.as_ref().map(|name| Arc::from(name.as_str())),
            value: intro.value_var.as_str().into(),
            collection: self.expr(&intro.collection_expr, faults),
            result_key: for_expr.key_expr.as_ref().map(|key| self.expr(key, faults)),
            result: self.expr(&for_expr.value_expr, faults),
            group: for_expr.grouping,
            condition: for_expr.cond.as_ref().map(|condition| self.expr(&condition.expr, faults)),
        }))
    }
}

const fn binary(operator: BinaryOperator) -> BinaryOp {
    match operator {
        BinaryOperator::Eq => BinaryOp::Equal,
        BinaryOperator::NotEq => BinaryOp::NotEqual,
        BinaryOperator::LessEq => BinaryOp::LessOrEqual,
        BinaryOperator::GreaterEq => BinaryOp::GreaterOrEqual,
        BinaryOperator::Less => BinaryOp::Less,
        BinaryOperator::Greater => BinaryOp::Greater,
        BinaryOperator::Plus => BinaryOp::Add,
        BinaryOperator::Minus => BinaryOp::Subtract,
        BinaryOperator::Mul => BinaryOp::Multiply,
        BinaryOperator::Div => BinaryOp::Divide,
        BinaryOperator::Mod => BinaryOp::Remainder,
        BinaryOperator::And => BinaryOp::And,
        BinaryOperator::Or => BinaryOp::Or,
    }
}

/// A literal number, exact. A minus sign belongs to it, with white space between.
fn number(span: Span, text: &str, faults: &mut Diagnostics) -> Node {
    let digits = text.trim_start_matches(|c: char| !c.is_ascii_digit());
    match Number::parse(digits) {
        Ok(number) if text.starts_with('-') => Node::Literal(Value::from(number.neg())),
        Ok(number) => Node::Literal(Value::from(number)),
        Err(error) => {
            faults.push(
                Diagnostic::error("Number out of range", format!("This cannot be kept exactly: {error}."))
                    .at(span)
                    .help("Use a number with fewer digits."),
            );
            Node::Literal(Value::NULL)
        }
    }
}
