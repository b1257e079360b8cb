//! Exchange Web Services: which operation a message asks for, and the envelope of every answer.

use bytes::Bytes;
use http::StatusCode;
use proto::soap::namespace::SOAP_1_1;
use proto::soap::{self, Envelope, EnvelopeParseError, FaultCode};
use xml::write::{Element, element};

use super::{XML, calendar, fault, resolve_names, streaming};
use crate::people::People;
use crate::serve::http::Head;
use crate::serve::reply::Reply;

pub(super) const MESSAGES: &str = "http://schemas.microsoft.com/exchange/services/2006/messages";
pub(super) const TYPES: &str = "http://schemas.microsoft.com/exchange/services/2006/types";

/// Answers a message.
pub(super) fn answer(body: &[u8], head: &Head, people: &People) -> Reply {
    match served(body, head, people) {
        Ok(Some(reply)) => reply,
        Ok(None) => fault(
            StatusCode::INTERNAL_SERVER_ERROR,
            FaultCode::ActionNotSupported,
            "Of the operations, six are served here: ResolveNames, GetFolder, ConvertId, \
             GetStreamingEvents, GetUserAvailability and GetUserOofSettings.",
        ),
        Err(error) => fault(
            StatusCode::BAD_REQUEST,
            FaultCode::Client,
            &error.to_string(),
        ),
    }
}

/// The answer of an operation that is served here.
fn served(body: &[u8], head: &Head, people: &People) -> Result<Option<Reply>, EnvelopeParseError> {
    let document = soap::document(body)?;
    let content = Envelope::parse(&document)?.content()?;
    let answered = |response| Reply::with_body(StatusCode::OK, XML, message(response));
    Ok(if content.is(MESSAGES, "ResolveNames") {
        let entry = content.child(MESSAGES, "UnresolvedEntry");
        entry.map(|entry| answered(resolve_names::response(&people.beginning(&entry.text()))))
    } else if content.is(MESSAGES, "GetFolder") {
        Some(answered(folders(content)))
    } else if content.is(MESSAGES, "ConvertId") {
        Some(answered(no_such_id()))
    } else if content.is(MESSAGES, "GetStreamingEvents") {
        Some(streaming::answer(content, head))
    } else if content.is(MESSAGES, "GetUserAvailabilityRequest") {
        Some(answered(calendar::availability(content)))
    } else if content.is(MESSAGES, "GetUserOofSettingsRequest") {
        Some(answered(calendar::out_of_office()))
    } else {
        None
    })
}

/// The envelope of an answer.
pub(super) fn message(response: Element) -> Bytes {
    let version = element("t:ServerVersionInfo")
        .namespace("t", TYPES)
        .attribute("MajorVersion", "15")
        .attribute("MinorVersion", "0")
        .attribute("MajorBuildNumber", "1497")
        .attribute("MinorBuildNumber", "2")
        .attribute("Version", "Exchange2013_SP1");
    let envelope = element("s:Envelope")
        .namespace("s", SOAP_1_1)
        .child(element("s:Header").child(version))
        .child(element("s:Body").child(response));
    envelope.to_document().into()
}

/// The response around its messages.
pub(super) fn response(name: &'static str, messages: Vec<Element>) -> Element {
    element(name)
        .namespace("m", MESSAGES)
        .namespace("t", TYPES)
        .child(element("m:ResponseMessages").children(messages))
}

/// A message of success.
pub(super) fn success(name: &'static str) -> Element {
    element(name)
        .attribute("ResponseClass", "Success")
        .child(element("m:ResponseCode").text("NoError"))
}

/// Every folder that is asked for is there, and empty ([MS-OXWSFOLD] 3.1.4.5).
fn folders(content: xml::Element<'_, '_>) -> Element {
    let ids = content.child(MESSAGES, "FolderIds");
    let ids = ids.into_iter().flat_map(|ids| ids.children());
    let folder = |id: &str| {
        let folder = element("t:Folder")
            .child(
                element("t:FolderId")
                    .attribute("Id", id)
                    .attribute("ChangeKey", "AQAAAA=="),
            )
            .child(element("t:DisplayName").text(id))
            .child(element("t:TotalCount").text("0"))
            .child(element("t:ChildFolderCount").text("0"))
            .child(element("t:UnreadCount").text("0"));
        success("m:GetFolderResponseMessage").child(element("m:Folders").child(folder))
    };
    let messages = ids.filter_map(|id| id.attribute("Id")).map(folder);
    response("m:GetFolderResponse", messages.collect())
}

/// INTEROP: exchangelib 5.6 asks to convert a wrong id, and reads the version beside the refusal.
fn no_such_id() -> Element {
    let message = element("m:ConvertIdResponseMessage")
        .attribute("ResponseClass", "Error")
        .child(element("m:MessageText").text("Id is malformed."))
        .child(element("m:ResponseCode").text("ErrorInvalidIdMalformed"))
        .child(element("m:DescriptiveLinkKey").text("0"));
    response("m:ConvertIdResponse", vec![message])
}
