//! ResolveNames, the one operation of the stand-in Exchange ([MS-OXWSRSLNM]): who begins with a text.

use http::StatusCode;
use proto::soap::namespace::SOAP_1_1;
use proto::soap::{self, Envelope, EnvelopeParseError, Fault, FaultCode};
use xml::write::{Element, element};

use crate::people::{People, Person};
use crate::serve::reply::Reply;

const XML: &str = "text/xml; charset=utf-8";
const MESSAGES: &str = "http://schemas.microsoft.com/exchange/services/2006/messages";
const TYPES: &str = "http://schemas.microsoft.com/exchange/services/2006/types";

/// Answers a request.
pub(super) fn answer(body: &[u8], people: &People) -> Reply {
    match unresolved_entry(body) {
        Ok(Some(entry)) => {
            let found = people.beginning(&entry);
            Reply::with_body(StatusCode::OK, XML, response(&found))
        }
        Ok(None) => {
            let reason = "Only ResolveNames is served here.";
            fault(
                StatusCode::INTERNAL_SERVER_ERROR,
                FaultCode::ActionNotSupported,
                reason,
            )
        }
        Err(error) => fault(
            StatusCode::BAD_REQUEST,
            FaultCode::Client,
            &error.to_string(),
        ),
    }
}

/// The text to resolve; a message of another operation has none.
fn unresolved_entry(body: &[u8]) -> Result<Option<String>, EnvelopeParseError> {
    let document = soap::document(body)?;
    let content = Envelope::parse(&document)?.content()?;
    if !content.is(MESSAGES, "ResolveNames") {
        return Ok(None);
    }
    Ok(content
        .child(MESSAGES, "UnresolvedEntry")
        .map(|entry| entry.text()))
}

fn response(found: &[&std::sync::Arc<Person>]) -> String {
    let message = element("m:ResolveNamesResponseMessage");
    let message = if found.is_empty() {
        message
            .attribute("ResponseClass", "Error")
            .child(element("m:MessageText").text("No results were found."))
            .child(element("m:ResponseCode").text("ErrorNameResolutionNoResults"))
            .child(element("m:DescriptiveLinkKey").text("0"))
    } else {
        let set = element("m:ResolutionSet")
            .attribute("TotalItemsInView", found.len().to_string())
            .attribute("IncludesLastItemInRange", "true")
            .children(found.iter().map(|person| resolution(person)));
        message
            .attribute("ResponseClass", "Success")
            .child(element("m:ResponseCode").text("NoError"))
            .child(set)
    };
    let version = element("t:ServerVersionInfo")
        .namespace("t", TYPES)
        .attribute("MajorVersion", "15")
        .attribute("MinorVersion", "0")
        .attribute("MajorBuildNumber", "1497")
        .attribute("MinorBuildNumber", "2")
        .attribute("Version", "Exchange2013_SP1");
    let response = element("m:ResolveNamesResponse")
        .namespace("m", MESSAGES)
        .namespace("t", TYPES)
        .child(element("m:ResponseMessages").child(message));
    element("s:Envelope")
        .namespace("s", SOAP_1_1)
        .child(element("s:Header").child(version))
        .child(element("s:Body").child(response))
        .to_document()
}

fn resolution(person: &Person) -> Element {
    let mailbox = element("t:Mailbox")
        .child(element("t:Name").text(person.sam.clone()))
        .child(element("t:EmailAddress").text(person.upn.clone()))
        .child(element("t:RoutingType").text("SMTP"))
        .child(element("t:MailboxType").text("Mailbox"));
    element("t:Resolution").child(mailbox)
}

fn fault(status: StatusCode, code: FaultCode, reason: &str) -> Reply {
    let fault = Fault {
        code,
        reason: reason.to_owned(),
        diagnostics: None,
    };
    Reply::with_body(status, XML, fault.to_xml())
}
