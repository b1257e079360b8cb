//! The envelope (SOAP 1.1 section 4; SOAP 1.2 part 1 section 5).
//!
//! Takes exactly one body and at most one header before it, and nothing else beside them: what one
//! reader took and another overlooked would be a way around the first. Start at [`Envelope::parse`].

use thiserror::Error;
use xml::{Document, Element, Limits, ParseError};

use super::namespace::{SOAP_1_1, SOAP_1_2};

/// What a client's message may ask for: 64 KiB (design 6).
pub const REQUEST_LIMITS: Limits = Limits {
    bytes: 64 * 1024,
    ..Limits::DEFAULT
};

/// What a back end's answer may ask for: 256 KiB (design 6).
pub const ANSWER_LIMITS: Limits = Limits {
    namespace_declarations: 128,
    ..Limits::DEFAULT
};

/// Parses the document of a client's message.
pub fn document(bytes: &[u8]) -> Result<Document<'_>, EnvelopeParseError> {
    Ok(Document::parse_bytes_within(bytes, REQUEST_LIMITS)?)
}

/// The parts of a SOAP message.
#[derive(Clone, Copy, Debug)]
pub struct Envelope<'a, 'input> {
    version: Version,
    header: Option<Element<'a, 'input>>,
    body: Element<'a, 'input>,
}

impl<'a, 'input> Envelope<'a, 'input> {
    /// Reads the envelope that is a document's root.
    ///
    /// **Proves** one body, at most one header, the header first, nothing beside them.
    /// **Trusts** every value inside: none has been looked at.
    pub fn parse(document: &'a Document<'input>) -> Result<Self, EnvelopeParseError> {
        let root = document.root();
        let version = Version::of(root)?;
        let mut parts = root.children().peekable();
        let is_part = |element: &Element<'_, '_>, name| element.is(version.namespace(), name);
        let header = parts.next_if(|element| is_part(element, "Header"));
        let body = parts
            .next_if(|element| is_part(element, "Body"))
            .ok_or(EnvelopeParseError::NoBody)?;
        if parts.next().is_some() || root.holds_text() {
            return Err(EnvelopeParseError::MoreThanOneBody);
        }
        Ok(Self {
            version,
            header,
            body,
        })
    }

    /// The version by whose namespace the envelope was written.
    pub fn version(&self) -> Version {
        self.version
    }

    /// The header, if there is one.
    pub fn header(&self) -> Option<Element<'a, 'input>> {
        self.header
    }

    /// The body.
    pub fn body(&self) -> Element<'a, 'input> {
        self.body
    }

    /// The text of the envelope without its header; every other byte is as it came.
    pub fn without_header(&self) -> String {
        let Some((root, header)) = self.body.parent().zip(self.header) else {
            return self
                .body
                .parent()
                .map_or("", |root| root.source())
                .to_owned();
        };
        let (whole, start, range) = (root.source(), root.range().start, header.range());
        let before = whole.get(..range.start.saturating_sub(start));
        let after = whole.get(range.end.saturating_sub(start)..);
        [before, after].into_iter().flatten().collect()
    }

    /// The one element in the body.
    pub fn content(&self) -> Result<Element<'a, 'input>, EnvelopeParseError> {
        let mut elements = self.body.children();
        match (elements.next(), elements.next()) {
            (Some(element), None) if !self.body.holds_text() => Ok(element),
            _ => Err(EnvelopeParseError::NotOneElementInBody),
        }
    }
}

/// The versions of SOAP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// SOAP 1.1.
    V1_1,
    /// SOAP 1.2.
    V1_2,
}

impl Version {
    /// The namespace of the envelope.
    pub fn namespace(self) -> &'static str {
        match self {
            Self::V1_1 => SOAP_1_1,
            Self::V1_2 => SOAP_1_2,
        }
    }

    /// The media type of a message in UTF-8.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::V1_1 => "text/xml; charset=utf-8",
            Self::V1_2 => "application/soap+xml; charset=utf-8",
        }
    }

    /// The version of a message that declares it; `None` of what is no message.
    pub fn of_message(body: &[u8]) -> Option<Self> {
        let document = document(body).ok()?;
        Self::of(document.root()).ok()
    }

    fn of(root: Element<'_, '_>) -> Result<Self, EnvelopeParseError> {
        [Self::V1_1, Self::V1_2]
            .into_iter()
            .find(|version| root.is(version.namespace(), "Envelope"))
            .ok_or(EnvelopeParseError::NotAnEnvelope)
    }
}

/// Why a message is not taken as SOAP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum EnvelopeParseError {
    /// The text is not XML that we take.
    #[error(transparent)]
    Xml(#[from] ParseError),
    /// The root is not an envelope of a known version.
    #[error("the root is not a SOAP envelope")]
    NotAnEnvelope,
    /// There is no body, or something stands before it that is not a header.
    #[error("the envelope has no body in its place")]
    NoBody,
    /// Something stands in the envelope after the body or between its parts.
    #[error("the envelope has more than a header and one body")]
    MoreThanOneBody,
    /// The body is empty, or holds text or several elements.
    #[error("the body does not hold exactly one element")]
    NotOneElementInBody,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(inside: &str) -> EnvelopeParseError {
        let text = format!(r#"<s:Envelope xmlns:s="{SOAP_1_1}">{inside}</s:Envelope>"#);
        let document = document(text.as_bytes()).unwrap();
        match Envelope::parse(&document) {
            Ok(envelope) => envelope.content().unwrap_err(),
            Err(error) => error,
        }
    }

    #[test]
    fn both_versions_are_read() {
        for version in [Version::V1_1, Version::V1_2] {
            let text = format!(
                "<?xml version='1.0'?>\n<e:Envelope xmlns:e='{}'> <e:Header><h/></e:Header>\n \
                 <e:Body> <x/> </e:Body> </e:Envelope>",
                version.namespace()
            );
            let document = document(text.as_bytes()).unwrap();
            let envelope = Envelope::parse(&document).unwrap();
            assert_eq!(envelope.version(), version);
            assert_eq!(envelope.header().unwrap().children().count(), 1);
            assert_eq!(envelope.body().name(), "Body");
            assert_eq!(envelope.content().unwrap().name(), "x");
        }
    }

    #[test]
    fn the_text_without_its_header_is_otherwise_as_it_came() {
        let envelope = |header: &str| {
            format!(
                "<s:Envelope xmlns:s=\"{SOAP_1_1}\"> {header}\n<s:Body><!-- é --><x a='1'/></s:Body></s:Envelope>"
            )
        };
        for header in ["", "<s:Header/>", "<s:Header><a>é&lt;</a></s:Header>"] {
            let text = format!("<?xml version=\"1.0\"?>\n{}", envelope(header));
            let document = document(text.as_bytes()).unwrap();
            let without = Envelope::parse(&document).unwrap().without_header();
            assert_eq!(without, envelope(""), "{header}");
        }
    }

    #[test]
    fn anything_but_one_header_and_one_body_is_refused() {
        use EnvelopeParseError::{MoreThanOneBody, NoBody, NotOneElementInBody};
        assert_eq!(refusal(""), NoBody);
        assert_eq!(refusal("<s:Header/>"), NoBody);
        assert_eq!(refusal("<Body/>"), NoBody);
        assert_eq!(refusal("<x/><s:Body/>"), NoBody);
        assert_eq!(refusal("<s:Header/><s:Header/><s:Body/>"), NoBody);
        assert_eq!(refusal("<s:Body/><s:Body/>"), MoreThanOneBody);
        assert_eq!(refusal("<s:Body/><s:Header/>"), MoreThanOneBody);
        assert_eq!(refusal("<s:Body/><x/>"), MoreThanOneBody);
        assert_eq!(refusal("x<s:Body/>"), MoreThanOneBody);
        assert_eq!(refusal("<s:Body/>"), NotOneElementInBody);
        assert_eq!(refusal("<s:Body><a/><b/></s:Body>"), NotOneElementInBody);
        assert_eq!(refusal("<s:Body>x<a/></s:Body>"), NotOneElementInBody);
    }

    #[test]
    fn other_roots_and_large_messages_are_refused() {
        for root in ["<Envelope/>", "<s:Envelope xmlns:s='urn:x'/>"] {
            let document = document(root.as_bytes()).unwrap();
            assert_eq!(
                Envelope::parse(&document).unwrap_err(),
                EnvelopeParseError::NotAnEnvelope,
                "{root}"
            );
        }
        let large = format!("<a>{}</a>", "x".repeat(64 * 1024));
        assert_eq!(
            document(large.as_bytes()).unwrap_err(),
            EnvelopeParseError::Xml(ParseError::TooLarge { limit: 64 * 1024 })
        );
        assert_eq!(
            document(b"<!DOCTYPE a><a/>").unwrap_err(),
            EnvelopeParseError::Xml(ParseError::DocumentType)
        );
    }
}
