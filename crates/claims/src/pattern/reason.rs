//! Why a .NET regular expression is refused when a rule is parsed.

use thiserror::Error;

/// Why an expression is refused.
///
/// The first kind is wrong in .NET too; the second is right there and cannot be honoured here, and a rule that would
/// mean something else is worse than one that is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Reason {
    /// A parenthesis, bracket or brace stays open.
    #[error("a group or set is not closed")]
    NotClosed,
    /// `)` without its opening.
    #[error("there is a `)` too many")]
    TooManyClosed,
    /// The text ends with a backslash.
    #[error("the expression ends within an escape")]
    EndsInEscape,
    /// `*` or the like with nothing before it.
    #[error("there is nothing to repeat")]
    NothingToRepeat,
    /// Two repetitions one after the other: .NET has no possessive ones.
    #[error("a repetition is repeated; put the first in a group")]
    NestedRepeat,
    /// `{5,2}`.
    #[error("a repetition has its smaller number last")]
    RepeatReversed,
    /// `[z-a]`.
    #[error("a range of characters has its smaller end last")]
    RangeReversed,
    /// `[\d-x]`.
    #[error("a set of characters is no end of a range")]
    SetInRange,
    /// `[a-[b]c]`.
    #[error("what is subtracted from a set must be the last thing in it")]
    SubtractionNotLast,
    /// An escape that .NET does not know.
    #[error("no such escape is known")]
    UnknownEscape,
    /// A back-reference to a group that is not there.
    #[error("there is no such group")]
    UnknownGroup,
    /// `\p{…}` of a name that nobody knows.
    #[error("there is no such Unicode category")]
    UnknownCategory,
    /// A group construct that .NET does not know.
    #[error("no such group construct is known")]
    UnknownConstruct,

    /// `(?<a-b>…)`.
    #[error("balancing groups are not supported")]
    Balancing,
    /// `(?(1)a|b)`.
    #[error("conditional groups are not supported")]
    Conditional,
    /// `(?<1>…)`.
    #[error("groups with numbers of their own are not supported; give the group a name")]
    NumberedGroup,
    /// Two groups of one name.
    #[error("two groups of one name are not supported")]
    SameName,
    /// `\10` where there is no tenth group.
    #[error("this may be a group or an octal character; write the character as `\\x`")]
    Octal,
    /// `\G`.
    #[error("`\\G` is not supported")]
    LastMatch,
    /// `\p{IsGreek}`.
    #[error("Unicode blocks are not supported; write the range of characters")]
    UnicodeBlock,
    /// `\uD800` and its like.
    #[error("half a surrogate pair is no character here")]
    Surrogate,
    /// `(?i)\p{Lu}`.
    #[error(
        "a category of one case means different things in .NET's versions where case is ignored"
    )]
    CaseOfCategory,
    /// `(?i)(a)\1`.
    #[error("a back-reference that ignores case is not supported")]
    CaseOfReference,
    /// A capture, back-reference or atomic group in a look-behind, which .NET matches from right to left.
    #[error(
        "a look-behind holds a capture, a reference or an atomic group, which .NET matches from right to left"
    )]
    RightToLeft,
    /// A look-around that is repeated.
    #[error("a look-around cannot be repeated")]
    RepeatedLook,
    /// `RegExReplace(…, "(a??)*", …)`.
    #[error(
        "a repetition of what is first tried as empty ends in different places in different engines"
    )]
    EmptyFirst,
    /// `[[:alpha:]]`.
    #[error("`[:name:]` is no set in .NET; write `\\p{{L}}` and the like")]
    PosixClass,
    /// Groups in groups in groups.
    #[error("groups are nested too deep")]
    TooDeep,
    /// More than an expression may take.
    #[error("the expression is too large")]
    TooLarge,
    /// The engine refuses it.
    #[error("the expression is too large or not supported by the engine")]
    Engine,
}

/// Where and why an expression is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{reason}, at character {at} of the expression")]
pub struct PatternError {
    /// The character, from 1.
    pub at: usize,
    /// Why.
    pub reason: Reason,
}
