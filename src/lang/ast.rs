//! Expressions as relplan keeps them: small, with a span on every node, free of the parser that made them.

use std::sync::Arc;

use relplan_contract::Value;

use crate::source::Span;

/// An expression with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// Where it stands.
    pub span: Span,
    /// What it is.
    pub node: Node,
}

/// What an expression is.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// `null`, `true`, `12.5`, or a string without interpolation.
    Literal(Value),
    /// A quoted string or heredoc with interpolations or directives.
    Template(Vec<Part>),
    /// `[a, b]`.
    List(Vec<Expr>),
    /// `{ a = 1, (b) = 2 }`: keys and values. A bare word as a key is a literal string.
    Object(Vec<(Expr, Expr)>),
    /// The first word of a reference: `var`, `local`, `git_tag`, a name bound by `for`.
    Name(Arc<str>),
    /// `base.attr`, `base[index]`, splats: all steps behind one base.
    Access(Box<Expr>, Vec<Access>),
    /// `name(args...)`.
    Call(Call),
    /// `condition ? yes : no`.
    Conditional(Box<Expr>, Box<Expr>, Box<Expr>),
    /// `-a`, `!a`.
    Unary(UnaryOp, Box<Expr>),
    /// `a + b`. A chain of equal operators is nested to the left.
    Binary(Box<Expr>, BinaryOp, Box<Expr>),
    /// `[for ...]` or `{for ...}`.
    For(Box<For>),
    /// `(a)`.
    Parens(Box<Expr>),
}

/// A part of a template.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// Text as it is, escapes resolved, `~` trimming and heredoc indentation already done.
    Text(Arc<str>),
    /// `${ expression }`.
    Interpolation(Expr),
    /// `%{ if condition } ... %{ else } ... %{ endif }`.
    If(Box<(Expr, Vec<Part>, Vec<Part>)>),
    /// `%{ for key, value in collection } ... %{ endfor }`.
    For(Box<TemplateFor>),
}

/// `%{ for key, value in collection } body %{ endfor }`.
#[derive(Clone, Debug, PartialEq)]
pub struct TemplateFor {
    /// Name for the key or index, if given.
    pub key: Option<Arc<str>>,
    /// Name for the element.
    pub value: Arc<str>,
    /// What is gone through.
    pub collection: Expr,
    /// What is written for each element.
    pub body: Vec<Part>,
}

/// One step behind a base.
#[derive(Clone, Debug, PartialEq)]
pub enum Access {
    /// `.name`, with the place of the name.
    Attribute(Arc<str>, Span),
    /// `[expression]` or `.0`.
    Index(Expr),
    /// `.*`: the attribute steps behind it are taken of each element.
    AttributeSplat(Span),
    /// `[*]`: all steps behind it are taken of each element.
    FullSplat(Span),
}

/// A call of a function.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// Name of the function.
    pub name: Arc<str>,
    /// Place of the name.
    pub name_span: Span,
    /// The arguments.
    pub arguments: Vec<Expr>,
    /// Whether the last argument is followed by `...`: its elements are the arguments.
    pub expand_last: bool,
}

/// `-` or `!`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnaryOp {
    /// `-`
    Negate,
    /// `!`
    Not,
}

/// An operator between two expressions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is the operator that its name says")]
pub enum BinaryOp {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    And,
    Or,
}

/// `[for key, value in collection : result if condition]`, or with `{}` and `key => result`.
#[derive(Clone, Debug, PartialEq)]
pub struct For {
    /// Name for the key or index, if given.
    pub key: Option<Arc<str>>,
    /// Name for the element.
    pub value: Arc<str>,
    /// What is gone through.
    pub collection: Expr,
    /// Key of the result: given when an object is made.
    pub result_key: Option<Expr>,
    /// What each element becomes.
    pub result: Expr,
    /// Whether `...` groups the results of equal keys.
    pub group: bool,
    /// Which elements count.
    pub condition: Option<Expr>,
}

impl Expr {
    /// The value of a literal.
    #[must_use]
    pub const fn as_literal(&self) -> Option<&Value> {
        if let Node::Literal(value) = &self.node { Some(value) } else { None }
    }

    /// The word of a name.
    #[must_use]
    pub const fn as_name(&self) -> Option<&Arc<str>> {
        if let Node::Name(name) = &self.node { Some(name) } else { None }
    }

    /// The items of a list.
    #[must_use]
    pub fn as_list(&self) -> Option<&[Self]> {
        if let Node::List(items) = &self.node { Some(items) } else { None }
    }

    /// What steps lead into, and the steps; any other expression is a base without steps.
    #[must_use]
    pub fn base_and_steps(&self) -> (&Self, &[Access]) {
        if let Node::Access(base, steps) = &self.node { (base, steps) } else { (self, &[]) }
    }

    /// Whether this stands for a value that could not be parsed, of which the user was told already.
    #[must_use]
    pub fn is_unreadable(&self) -> bool {
        self.as_literal().is_some_and(Value::is_unknown)
    }
}

impl Access {
    /// The name of an attribute step.
    #[must_use]
    pub const fn as_attribute(&self) -> Option<&Arc<str>> {
        if let Self::Attribute(name, _) = self { Some(name) } else { None }
    }
}
