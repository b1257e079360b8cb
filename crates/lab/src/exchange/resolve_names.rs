//! ResolveNames ([MS-OXWSRSLNM] 3.1.4.1): who begins with a text.

use std::sync::Arc;

use xml::write::{Element, element};

use super::services;
use crate::people::Person;

/// The response that names those who were found.
pub(super) fn response(found: &[&Arc<Person>]) -> Element {
    let message = if found.is_empty() {
        element("m:ResolveNamesResponseMessage")
            .attribute("ResponseClass", "Error")
            .child(element("m:MessageText").text("No results were found."))
            .child(element("m:ResponseCode").text("ErrorNameResolutionNoResults"))
            .child(element("m:DescriptiveLinkKey").text("0"))
    } else {
        let set = element("m:ResolutionSet")
            .attribute("TotalItemsInView", found.len().to_string())
            .attribute("IncludesLastItemInRange", "true")
            .children(found.iter().map(|person| resolution(person)));
        services::success("m:ResolveNamesResponseMessage").child(set)
    };
    services::response("m:ResolveNamesResponse", vec![message])
}

fn resolution(person: &Person) -> Element {
    let mailbox = element("t:Mailbox")
        .child(element("t:Name").text(person.sam.clone()))
        .child(element("t:EmailAddress").text(person.upn.clone()))
        .child(element("t:RoutingType").text("SMTP"))
        .child(element("t:MailboxType").text("Mailbox"));
    element("t:Resolution").child(mailbox)
}
