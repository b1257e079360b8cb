//! Which form an answer has ([MS-OCDISCWS]; UCWA for `application/json`).
//!
//! Start at [`negotiate`].

/// The forms of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaType {
    /// XML: desktop clients and SIPE.
    Xml,
    /// The first JSON form, which is sent where nothing is asked for.
    JsonV1,
    /// JSON with `_links`: UCWA clients.
    JsonLinks,
}

impl MediaType {
    /// The header `Content-Type`; SIPE compares its beginning.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Xml => "application/vnd.microsoft.rtc.autodiscover+xml; v=1",
            // UNCONFIRMED: the name of the JSON type.
            Self::JsonV1 => "application/vnd.microsoft.rtc.autodiscover+json; v=1",
            Self::JsonLinks => "application/json",
        }
    }

    /// The form that a header `Content-Type` or one entry of `Accept` names.
    pub fn parse(value: &str) -> Option<Self> {
        let name = value.split(';').next().unwrap_or("").trim();
        [Self::Xml, Self::JsonV1, Self::JsonLinks]
            .into_iter()
            .find(|known| {
                let known = known.content_type().split(';').next().unwrap_or("");
                name.eq_ignore_ascii_case(known)
            })
    }
}

/// Chooses the form for a request's header `Accept`: the first of the greatest weight that is known.
///
/// Where nothing known is asked for it is [`MediaType::JsonV1`], as Lync's own answer is.
pub fn negotiate(accept: Option<&str>) -> MediaType {
    let mut best: Option<(u16, MediaType)> = None;
    for entry in accept.unwrap_or("").split(',') {
        let (Some(media_type), weight) = (MediaType::parse(entry), weight(entry)) else {
            continue;
        };
        if weight > best.map_or(0, |(weight, _)| weight) {
            best = Some((weight, media_type));
        }
    }
    best.map_or(MediaType::JsonV1, |(_, media_type)| media_type)
}

/// SPEC: RFC 9110 12.4.2, weights, in thousandths; one that cannot be read counts as 1.
fn weight(entry: &str) -> u16 {
    let parameters = entry.split(';').skip(1).map(str::trim);
    let Some(value) = parameters.filter_map(|text| text.strip_prefix("q=")).next() else {
        return 1000;
    };
    let Some(("0", digits)) = value.split_once('.') else {
        return if value == "0" { 0 } else { 1000 };
    };
    format!("{digits:0<3}")
        .get(..3)
        .and_then(|digits| digits.parse().ok())
        .unwrap_or(1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_follows_what_is_accepted() {
        for (accept, expected) in [
            (None, MediaType::JsonV1),
            (Some(""), MediaType::JsonV1),
            (Some("*/*"), MediaType::JsonV1),
            (Some("text/html, */*;q=0.8"), MediaType::JsonV1),
            (
                Some("application/vnd.microsoft.rtc.autodiscover+xml;v=1"),
                MediaType::Xml,
            ),
            (
                Some("Application/Vnd.Microsoft.Rtc.Autodiscover+XML"),
                MediaType::Xml,
            ),
            (Some("application/json"), MediaType::JsonLinks),
            (
                Some(
                    "application/json;q=0.5, application/vnd.microsoft.rtc.autodiscover+xml; v=1; q=0.9",
                ),
                MediaType::Xml,
            ),
            (
                Some("application/json, application/vnd.microsoft.rtc.autodiscover+xml"),
                MediaType::JsonLinks,
            ),
            (
                Some(
                    "application/json;q=0, application/vnd.microsoft.rtc.autodiscover+json;v=1;q=0.001",
                ),
                MediaType::JsonV1,
            ),
            (Some("application/json;q=0"), MediaType::JsonV1),
            (Some("application/json;q=é.é"), MediaType::JsonLinks),
            (Some("application/json;q=0.é"), MediaType::JsonLinks),
            (
                Some("application/vnd.microsoft.rtc.autodiscover+xmlx"),
                MediaType::JsonV1,
            ),
        ] {
            assert_eq!(negotiate(accept), expected, "{accept:?}");
        }
    }

    #[test]
    fn a_form_knows_its_own_name() {
        for form in [MediaType::Xml, MediaType::JsonV1, MediaType::JsonLinks] {
            assert_eq!(MediaType::parse(form.content_type()), Some(form));
        }
        assert_eq!(MediaType::parse("text/html"), None);
    }
}
