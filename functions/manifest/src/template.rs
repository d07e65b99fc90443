//! Text with fields in braces, such as `sensor-{serial}`.

/// A piece of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part<'t> {
    /// Text that stands for itself; never empty.
    Text(&'t str),
    /// The name between two braces.
    Field(&'t str),
}

/// A brace has no counterpart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LoneBrace;

/// The pieces of a template.
pub(crate) fn parts(template: &str) -> Result<Vec<Part<'_>>, LoneBrace> {
    let mut parts = Vec::new();
    let mut rest = template;
    while !rest.is_empty() {
        let (literal, after) = match rest.split_once('{') {
            Some((literal, after)) => (literal, Some(after)),
            None => (rest, None),
        };
        if literal.contains('}') {
            return Err(LoneBrace);
        }
        if !literal.is_empty() {
            parts.push(Part::Text(literal));
        }
        let Some(after) = after else { break };
        let (field, after) = after.split_once('}').ok_or(LoneBrace)?;
        parts.push(Part::Field(field));
        rest = after;
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_fields_alternate_as_written() {
        use Part::{Field, Text};
        assert_eq!(parts(""), Ok(vec![]));
        assert_eq!(parts("x"), Ok(vec![Text("x")]));
        assert_eq!(parts("{a}{b}"), Ok(vec![Field("a"), Field("b")]));
        assert_eq!(parts("x-{a}_y"), Ok(vec![Text("x-"), Field("a"), Text("_y")]));
        assert_eq!(parts("{}"), Ok(vec![Field("")]));
    }

    #[test]
    fn a_lone_brace_is_noticed() {
        for template in ["{a", "a}", "{a}}", "x{"] {
            assert_eq!(parts(template), Err(LoneBrace), "{template}");
        }
    }
}
