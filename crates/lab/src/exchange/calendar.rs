//! What a Lync client asks of a calendar: when its owner is busy ([MS-OXWAVLS] 3.1.4.1), and whether he
//! is out of office ([MS-OXWOOF] 3.1.4.1). Everybody is free and in.

use xml::write::{Element, element};

use super::services::{MESSAGES, TYPES, success};

/// Slots of the shortest answer: nobody here reads which time was asked for.
const FREE: &str = "0000";

/// One response for each mailbox that is asked for.
pub(super) fn availability(content: xml::Element<'_, '_>) -> Element {
    let asked = content.child(MESSAGES, "MailboxDataArray");
    let asked = asked.into_iter().flat_map(|asked| asked.children());
    let responses = asked.map(|_| {
        let view = element("m:FreeBusyView")
            .child(element("t:FreeBusyViewType").text("DetailedMerged"))
            .child(element("t:MergedFreeBusy").text(FREE));
        element("m:FreeBusyResponse")
            .child(success("m:ResponseMessage"))
            .child(view)
    });
    let responses = element("m:FreeBusyResponseArray").children(responses);
    named("m:GetUserAvailabilityResponse").child(responses)
}

/// In.
pub(super) fn out_of_office() -> Element {
    let settings = element("t:OofSettings")
        .child(element("t:OofState").text("Disabled"))
        .child(element("t:ExternalAudience").text("None"));
    named("m:GetUserOofSettingsResponse")
        .child(success("m:ResponseMessage"))
        .child(settings)
        .child(element("m:AllowExternalOof").text("All"))
}

fn named(name: &'static str) -> Element {
    element(name).namespace("m", MESSAGES).namespace("t", TYPES)
}
