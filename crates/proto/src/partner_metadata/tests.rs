//! What is read of metadata, what is refused, and who signed it.

use super::*;

const LYNC: &str = include_str!("../../../../fuzz/seeds/partner_metadata/lync");
const SAML: &str = include_str!("../../../../fuzz/seeds/partner_metadata/saml");

fn nobody() -> Vec<PublicKey> {
    Vec::new()
}

fn unsigned(text: &str) -> Entity {
    let (entity, by) = read(text, &nobody(), Timestamp::UNIX_EPOCH).unwrap();
    assert_eq!(by, SignedBy::Nobody);
    entity
}

fn refused(text: &str) -> MetadataError {
    read(text, &nobody(), Timestamp::UNIX_EPOCH).unwrap_err()
}

#[test]
fn s61_a_pool_says_what_it_calls_itself_and_where_answers_go() {
    let entity = unsigned(LYNC);
    assert_eq!(entity.entity_id, "https://lyncweb.contoso.com/passiveauth");
    let party = RelyingParty {
        passive_endpoints: vec![
            "https://lyncweb.contoso.com/PassiveAuth/PassiveAuth.aspx".to_owned(),
        ],
        target_scopes: vec!["https://lyncweb.contoso.com/".to_owned()],
        encryption: vec![vec![1, 2, 3]],
        signing: Vec::new(),
        claim_types: vec![
            "http://schemas.microsoft.com/ws/2008/06/identity/claims/primarysid".to_owned(),
        ],
        token_types: Vec::new(),
    };
    assert_eq!(entity.relying_party, Some(party));
    assert_eq!(entity.issuer, None);
}

#[test]
fn both_ends_of_saml_are_read_with_their_endpoints() {
    let entity = unsigned(SAML);
    let until = "2099-01-01T00:00:00Z".parse().unwrap();
    assert_eq!(entity.valid_until, Some(until));
    let provider = entity.service_provider.unwrap();
    assert!(provider.signs_requests);
    // A key without a use is for both.
    assert_eq!((provider.signing.len(), provider.encryption.len()), (1, 1));
    let consumer = Endpoint {
        binding: "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST".to_owned(),
        location: "https://sp.example/acs".to_owned(),
        response_location: None,
        index: 3,
        is_default: true,
    };
    assert_eq!(provider.services, [consumer]);
    let back = provider.logouts[0].response_location.as_deref();
    assert_eq!(back, Some("https://sp.example/back"));
    let identity = entity.identity_provider.unwrap();
    assert_eq!(identity.services[0].location, "https://sp.example/sso");
}

#[test]
fn a_role_is_known_by_the_namespace_of_its_type_and_the_first_of_a_kind_counts() {
    let stranger = LYNC.replace("xmlns:fed=\"http://docs", "xmlns:other=\"http://docs");
    let stranger = stranger
        .replace("<fed:", "<other:")
        .replace("</fed:", "</other:");
    let stranger = stranger.replace("<RoleDescriptor ", "<RoleDescriptor xmlns:fed=\"urn:x\" ");
    assert_eq!(unsigned(&stranger).relying_party, None);
    let (before, after) = LYNC.split_once("<RoleDescriptor").unwrap();
    let (role, end) = after.split_once("</RoleDescriptor>").unwrap();
    let second = role.replace("PassiveAuth.aspx", "Second.aspx");
    let two = format!(
        "{before}<RoleDescriptor{role}</RoleDescriptor><RoleDescriptor{second}</RoleDescriptor>{end}"
    );
    assert_eq!(unsigned(&two), unsigned(LYNC));
}

#[test]
fn what_is_no_metadata_of_one_partner_is_refused() {
    assert!(matches!(refused("no xml"), MetadataError::Parse(_)));
    assert!(matches!(
        refused("<!DOCTYPE a><a/>"),
        MetadataError::Parse(_)
    ));
    assert_eq!(refused("<a/>"), MetadataError::NotOne);
    let many = "<EntitiesDescriptor xmlns=\"urn:oasis:names:tc:SAML:2.0:metadata\"/>";
    assert_eq!(refused(many), MetadataError::NotOne);
    let nameless = LYNC.replace("entityID=", "other=");
    assert_eq!(refused(&nameless), MetadataError::NoEntityId);
    let part = |part| MetadataError::Structure { part };
    let no_time = SAML.replace("2099-01-01T00:00:00Z", "soon");
    assert_eq!(refused(&no_time), part("validUntil"));
    let no_base64 = LYNC.replace("AQID", "?");
    assert_eq!(refused(&no_base64), part("X509Certificate"));
    let no_number = SAML.replace("index=\"3\"", "index=\"x\"");
    assert_eq!(refused(&no_number), part("AssertionConsumerService"));
    let nowhere = SAML.replace("Location=\"https://sp.example/sso\"", "");
    assert_eq!(refused(&nowhere), part("SingleSignOnService"));
}

#[test]
fn there_are_not_too_many_of_anything() {
    let key = "<KeyDescriptor use=\"encryption\"><KeyInfo xmlns=\"http://www.w3.org/2000/09/xmldsig#\"><X509Data><X509Certificate>AQID</X509Certificate></X509Data></KeyInfo></KeyDescriptor>";
    let keys = LYNC.replace(key, &key.repeat(MAX_CERTIFICATES));
    assert!(unsigned(&keys).relying_party.is_some());
    let keys = LYNC.replace(key, &key.repeat(MAX_CERTIFICATES + 1));
    let part = "X509Certificate";
    assert_eq!(refused(&keys), MetadataError::TooMany { part });
    let (before, after) = SAML.split_once("<md:SingleSignOnService").unwrap();
    let (service, end) = after.split_once("/>").unwrap();
    let service = format!("<md:SingleSignOnService{service}/>");
    let many = format!("{before}{}{end}", service.repeat(MAX_ENTRIES + 1));
    let part = "SingleSignOnService";
    assert_eq!(refused(&many), MetadataError::TooMany { part });
}

#[test]
fn a_signature_that_does_not_hold_is_refused() {
    let signature = "<Signature xmlns=\"http://www.w3.org/2000/09/xmldsig#\"/>";
    let (before, after) = LYNC.split_once("<RoleDescriptor").unwrap();
    let signed = format!("{before}{signature}<RoleDescriptor{after}");
    assert!(matches!(refused(&signed), MetadataError::Signature(_)));
}

#[test]
fn the_token_types_that_a_party_takes_are_read() {
    let types = "<fed:TokenTypesOffered><fed:TokenType Uri=\"urn:oasis:names:tc:SAML:2.0:assertion\"/>\
                 <fed:TokenType/></fed:TokenTypesOffered>";
    let named = LYNC.replacen(
        "<fed:TargetScopes>",
        &format!("{types}<fed:TargetScopes>"),
        1,
    );
    assert_ne!(named, LYNC);
    let party = unsigned(&named).relying_party.unwrap();
    assert_eq!(party.token_types, ["urn:oasis:names:tc:SAML:2.0:assertion"]);
}

#[test]
fn a_list_of_one_partner_is_that_partner_and_of_two_it_is_nobody() {
    let list = |within: &str| {
        let namespace = "xmlns=\"urn:oasis:names:tc:SAML:2.0:metadata\"";
        format!(
            "<EntitiesDescriptor {namespace} validUntil=\"2050-01-01T00:00:00Z\">{within}</EntitiesDescriptor>"
        )
    };
    let until = "2050-01-01T00:00:00Z".parse().unwrap();
    let expected = Entity {
        valid_until: Some(until),
        ..unsigned(SAML)
    };
    assert_eq!(unsigned(&list(SAML)), expected, "the list ends first");
    let (two, nested) = (format!("{SAML}{LYNC}"), list(LYNC));
    for wrong in ["", &two, &nested, &format!("{SAML}{nested}")] {
        assert_eq!(refused(&list(wrong)), MetadataError::NotOne, "{wrong}");
    }
}

#[test]
fn an_end_without_a_zone_is_in_utc() {
    let plain = SAML.replace("2099-01-01T00:00:00Z", "2099-01-01T00:00:00");
    assert_ne!(plain, SAML);
    assert_eq!(unsigned(&plain), unsigned(SAML));
    let wrong = SAML.replace("2099-01-01T00:00:00Z", "next year");
    let part = "validUntil";
    assert_eq!(refused(&wrong), MetadataError::Structure { part });
}
