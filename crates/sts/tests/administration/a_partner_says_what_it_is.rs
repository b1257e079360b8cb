//! A partner's metadata makes a trust, and changes one; metadata that got worse never does.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use proto::partner_metadata::{Entity, Issuer, SignedBy, read};
use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use sts::trust::Certificate;
use sts::trust::partner::{
    PartnerError, alone, changes, claims_provider, left_out, refreshed, relying_party,
};
use sts::trust::preset::Preset;
use sts::trust::written::Written;
use xml::{Algorithm, KeyFailure, Prepared, PublicKey, SigningKey, Verbatim};

const LYNC: &str = include_str!("../../../../fuzz/seeds/partner_metadata/lync");
const SAML: &str = include_str!("../../../../fuzz/seeds/partner_metadata/saml");

/// A certificate whose key is RSA of 1024 bits.
const SMALL: &str = "MIIB3DCCAUWgAwIBAgIUXx0E7a/z2DpFvL4Y3eldHSdhxV0wDQYJKoZIhvcNAQELBQAwADAeFw0yNjEyMDExMjMxMDNaFw00MDA4MDkxMjMxMD\
    NaMAAwgZ8wDQYJKoZIhvcNAQEBBQADgY0AMIGJAoGBANSMLjQouCMV6TP2BsS0ZuzuimaBJbHqL2+SJnA/wmr82qCS0Kqnqi75dkIWG2GVCiFT\
    XXdJ/KgEDSvjQHRClTNvadQazDIDUpZ8ws6Nup+yLiS+5fIegGc+P4WE1Ixa79Zl5jYrK197m15mSHf0310dEgcNwEqOWPZMqGEnOw5LAgMBAA\
    GjUzBRMB0GA1UdDgQWBBQC/Bu+JByeP49gQWDpYCBgrowDxjAfBgNVHSMEGDAWgBQC/Bu+JByeP49gQWDpYCBgrowDxjAPBgNVHRMBAf8EBTAD\
    AQH/MA0GCSqGSIb3DQEBCwUAA4GBAGpgF8UOI9pxF0RObRP5IKSH7Ut/58DMVya9U9ICBfmaXr26ivjgKYMMjcRfjzwzfk5aF6LV3piJmS80Pp\
    MS289FkEvomm/jO1QhHxDE/1C/C56NKGkU7LxoephG2A/G/u7wZaI2dY3qE4/dRX9j5jxNBY4Um3eNOeqqffwx4AfY";

pub(crate) fn now() -> Timestamp {
    "2026-11-30T12:00:00Z".parse().unwrap()
}

/// A key of a partner, and its certificate, which is good until the end of a year.
pub(crate) struct Key {
    pair: KeyPair,
    pub(crate) der: Vec<u8>,
}

impl Key {
    pub(crate) fn until(year: i32) -> Self {
        Self::between(1975, year)
    }

    pub(crate) fn between(begin: i32, end: i32) -> Self {
        Self::of(KeyPair::generate().unwrap(), (begin, end))
    }

    /// One of a kind that verifies nothing here.
    pub(crate) fn unusable() -> Self {
        let pair = KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
        let key = Self::of(pair, (2020, 2030));
        assert!(PublicKey::from_certificate(&key.der).is_err());
        key
    }

    /// One that can be encrypted to.
    pub(crate) fn rsa(end: i32) -> Self {
        let pair = KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap();
        Self::of(pair, (1975, end))
    }

    /// RSA of 1024 bits, until 2040.
    fn small() -> Self {
        Self {
            pair: KeyPair::generate().unwrap(),
            der: STANDARD.decode(SMALL).unwrap(),
        }
    }

    fn of(pair: KeyPair, (begin, end): (i32, i32)) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.not_before = date_time_ymd(begin, 1, 1);
        params.not_after = date_time_ymd(end, 12, 31);
        let der = params.self_signed(&pair).unwrap().der().to_vec();
        Self { pair, der }
    }

    pub(crate) fn base64(&self) -> String {
        STANDARD.encode(&self.der)
    }
}

impl SigningKey for Key {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EcdsaSha256
    }

    fn sign(&self, octets: &[u8]) -> Result<Vec<u8>, KeyFailure> {
        use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
        let pkcs8 = self.pair.serialize_der();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &pkcs8);
        let random = aws_lc_rs::rand::SystemRandom::new();
        let signature = pair.map_err(|_| KeyFailure)?.sign(&random, octets);
        Ok(signature.map_err(|_| KeyFailure)?.as_ref().to_vec())
    }
}

/// The metadata of an issuer that names a key.
pub(crate) fn issuer(key: &Key) -> String {
    let certificate = key.base64();
    format!(
        "<EntityDescriptor xmlns=\"urn:oasis:names:tc:SAML:2.0:metadata\" ID=\"_1\" entityID=\"urn:partner\">\
         <RoleDescriptor xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
         xmlns:fed=\"http://docs.oasis-open.org/wsfed/federation/200706\" xsi:type=\"fed:SecurityTokenServiceType\">\
         <KeyDescriptor use=\"signing\"><KeyInfo xmlns=\"http://www.w3.org/2000/09/xmldsig#\"><X509Data>\
         <X509Certificate>{certificate}</X509Certificate></X509Data></KeyInfo></KeyDescriptor>\
         <fed:PassiveRequestorEndpoint><EndpointReference xmlns=\"http://www.w3.org/2005/08/addressing\">\
         <Address>https://partner.example/adfs/ls/</Address></EndpointReference></fed:PassiveRequestorEndpoint>\
         </RoleDescriptor></EntityDescriptor>"
    )
}

pub(crate) fn signed(text: String, key: &Key) -> String {
    let unsigned = Verbatim::parse(text).unwrap();
    let prepared = Prepared::new(&unsigned, Algorithm::EcdsaSha256, None).unwrap();
    prepared.sign(key).unwrap().as_str().to_owned()
}

fn known(keys: &[&Key]) -> Vec<PublicKey> {
    let keys = keys.iter().map(|it| PublicKey::from_certificate(&it.der));
    keys.collect::<Result<_, _>>().unwrap()
}

fn entity(text: &str) -> Entity {
    read(text, &known(&[]), now()).unwrap().0
}

/// A partner of SAML; the certificates of the sample are none, and are left out.
fn saml() -> Entity {
    let mut entity = entity(SAML);
    let roles = [&mut entity.service_provider, &mut entity.identity_provider];
    for role in roles.into_iter().flatten() {
        role.signing.clear();
        role.encryption.clear();
    }
    entity
}

/// A service provider that names these keys.
fn service(signing: &[&Key], encryption: &[&Key]) -> Entity {
    let der = |keys: &[&Key]| keys.iter().map(|it| it.der.clone()).collect();
    let mut entity = saml();
    (entity.relying_party, entity.valid_until) = (None, None);
    let role = entity.service_provider.as_mut().unwrap();
    (role.signing, role.encryption) = (der(signing), der(encryption));
    entity
}

/// What is wrong with the certificates of metadata.
fn unusable<T: std::fmt::Debug>(refused: Result<T, PartnerError>) -> String {
    let refused = refused.unwrap_err();
    assert!(matches!(refused, PartnerError::Unusable(_)), "{refused}");
    refused.to_string()
}

/// A Lync pool of a name that a preset gives its rules; its certificate of the sample is none, and is left out.
fn lync() -> (Entity, Written) {
    let mut entity = entity(LYNC);
    entity.relying_party.as_mut().unwrap().encryption.clear();
    let party = relying_party(&entity, "Lync-Ext", now()).unwrap();
    (entity, alone(Some(Preset::Lync.ruled(party)), None))
}

fn partner() -> (Entity, Written, Key) {
    let key = Key::until(2030);
    let entity = entity(&issuer(&key));
    let provider = claims_provider(&entity, "Partner", now()).unwrap();
    (entity, alone(None, Some(provider)), key)
}

#[test]
fn s61_lync_becomes_a_party_with_what_it_calls_itself_and_where_answers_go() {
    let (_, written) = lync();
    let trusted = written.read().unwrap();
    let party = &trusted.relying_parties[0];
    let identifiers: Vec<&str> = party.identifiers.iter().map(|it| it.as_str()).collect();
    assert_eq!(
        identifiers,
        [
            "https://lyncweb.contoso.com/passiveauth",
            "https://lyncweb.contoso.com/"
        ]
    );
    let endpoint = party.wsfed_endpoint.as_ref().unwrap();
    assert_eq!(
        endpoint.as_str(),
        "https://lyncweb.contoso.com/PassiveAuth/PassiveAuth.aspx"
    );
    assert!(!party.issuance_transform_rules.is_empty());
    assert!(!party.additional_authentication_rules.is_empty());
}

#[test]
fn a_partner_becomes_a_provider_whose_claims_nobody_believes_yet() {
    let (_, written, key) = partner();
    let trusted = written.read().unwrap();
    let provider = &trusted.claims_providers[0];
    assert_eq!(provider.token_signing_certificates[0].der(), key.der);
    assert!(provider.acceptance_transform_rules.is_empty());
}

#[test]
fn metadata_of_another_role_or_that_has_ended_makes_no_trust() {
    let (lync, _) = lync();
    let no_role = claims_provider(&lync, "x", now());
    assert_eq!(
        no_role.unwrap_err(),
        PartnerError::NoRole("an issuer of tokens")
    );
    let (partner, ..) = partner();
    let no_role = relying_party(&partner, "x", now());
    assert_eq!(
        no_role.unwrap_err(),
        PartnerError::NoRole("a party that takes tokens")
    );
    let saml = saml();
    let until = saml.valid_until.unwrap();
    assert!(relying_party(&saml, "x", until - SignedDuration::from_secs(1)).is_ok());
    let ended = relying_party(&saml, "x", until);
    assert_eq!(ended.unwrap_err(), PartnerError::Expired(until));
    let old = entity(&issuer(&Key::until(2025)));
    let ended = unusable(claims_provider(&old, "x", now()));
    assert!(ended.contains("ended at 2025-12-31"), "{ended}");
}

#[test]
fn a_trust_follows_its_partner_and_keeps_what_an_administrator_decided() {
    let (mut entity, mut written) = lync();
    written.relying_party[0]
        .identifiers
        .push("urn:ours".to_owned());
    written.relying_party[0].is_enabled = false;
    let same = refreshed(&written, &entity, now()).unwrap();
    assert_eq!(changes(&written, &same).unwrap(), []);
    let role = entity.relying_party.as_mut().unwrap();
    role.passive_endpoints = vec!["https://lyncweb.contoso.com/new".to_owned()];
    let after = refreshed(&written, &entity, now()).unwrap();
    let [change] = changes(&written, &after).unwrap().try_into().unwrap();
    assert_eq!(change.key, "wsfed_endpoint");
    let before = "https://lyncweb.contoso.com/PassiveAuth/PassiveAuth.aspx".to_owned();
    assert_eq!(change.before, Some(before));
    assert_eq!(
        change.after.as_deref(),
        Some("https://lyncweb.contoso.com/new")
    );
    let party = &after.relying_party[0];
    assert!(party.identifiers.contains(&"urn:ours".to_owned()) && !party.is_enabled);
    let rules = &written.relying_party[0].issuance_transform_rules;
    assert_eq!(party.issuance_transform_rules, *rules);
}

#[test]
fn metadata_that_got_worse_never_replaces_metadata_that_worked() {
    let (entity, written) = lync();
    let worse = |change: fn(&mut Entity)| {
        let mut entity = entity.clone();
        change(&mut entity);
        refreshed(&written, &entity, now()).unwrap_err()
    };
    let another = worse(|it| it.entity_id = "urn:other".to_owned());
    assert_eq!(another, PartnerError::Another("urn:other".to_owned()));
    let ended = worse(|it| it.valid_until = Some(Timestamp::UNIX_EPOCH));
    assert_eq!(ended, PartnerError::Expired(Timestamp::UNIX_EPOCH));
    let nowhere = worse(|it| it.relying_party = None);
    assert_eq!(nowhere, PartnerError::Lost("address of WS-Federation"));
    let in_clear = worse(|it| {
        let party = it.relying_party.as_mut().unwrap();
        party.passive_endpoints = vec!["http://lyncweb.contoso.com/".to_owned()];
    });
    assert!(matches!(in_clear, PartnerError::Written(_)));
    let (mut both, _, key) = partner();
    both.identity_provider = saml().identity_provider;
    both.identity_provider.as_mut().unwrap().signing = vec![key.der];
    let provider = claims_provider(&both, "Partner", now()).unwrap();
    let written_both = alone(None, Some(provider));
    let role = both.identity_provider.as_mut().unwrap();
    role.logouts.append(&mut role.services);
    let lost = PartnerError::Lost("endpoint of SAML that takes requests (SingleSignOnService)");
    assert_eq!(refreshed(&written_both, &both, now()).unwrap_err(), lost);
    let (partner, written, _) = partner();
    let keyless = Entity {
        issuer: partner.issuer.clone().map(|it| Issuer {
            signing: Vec::new(),
            ..it
        }),
        ..partner.clone()
    };
    let lost = PartnerError::Lost("certificate that tokens are signed with");
    assert_eq!(refreshed(&written, &keyless, now()).unwrap_err(), lost);
    let ended = Entity {
        issuer: partner.issuer.map(|it| Issuer {
            signing: vec![Key::until(2025).der],
            ..it
        }),
        ..keyless
    };
    let ended = unusable(refreshed(&written, &ended, now()));
    assert!(ended.contains("ended at 2025-12-31"), "{ended}");
}

#[test]
fn t_mex_1_keys_that_nobody_can_use_never_replace_keys_that_work() {
    let (signs, encrypts) = (Key::until(2030), Key::rsa(2030));
    let (ended, ended_rsa) = (Key::until(2021), Key::rsa(2021));
    let (p256, ed25519, small) = (Key::until(2030), Key::unusable(), Key::small());
    let good = service(&[&signs], &[&encrypts]);
    let party = relying_party(&good, "SP", now()).unwrap();
    let written = alone(Some(party), None);
    let same = refreshed(&written, &good, now()).unwrap();
    assert_eq!(changes(&written, &same).unwrap(), []);
    let mut bare = written.clone();
    bare.relying_party[0].request_signing_certificates.clear();
    bare.relying_party[0].encryption_certificate = None;
    let (sign, encrypt) = (
        "that the partner signs with",
        "to encrypt for the partner with",
    );
    let (kind, past) = ("has a key of another kind or length", "ended at 2021-12-31");
    for (signing, encryption, key, parts) in [
        (&signs, &p256, &p256, [encrypt, kind]),
        (&signs, &small, &small, [encrypt, kind]),
        (&signs, &ended_rsa, &ended_rsa, [encrypt, past]),
        (&ed25519, &encrypts, &ed25519, [sign, kind]),
        (&small, &encrypts, &small, [sign, kind]),
        (&ended, &encrypts, &ended, [sign, past]),
    ] {
        let worse = service(&[signing], &[encryption]);
        let thumbprint = Certificate::parse(&key.der).unwrap();
        for said in [
            unusable(refreshed(&written, &worse, now())),
            unusable(refreshed(&bare, &worse, now())),
            unusable(relying_party(&worse, "SP", now())),
        ] {
            for part in [
                parts[0],
                parts[1],
                thumbprint.thumbprint(),
                "; ask the partner",
            ] {
                assert!(said.contains(part), "{part} in {said}");
            }
        }
    }
    for key in [&ed25519, &small, &ended] {
        let (_, written, _) = partner();
        let worse = entity(&issuer(key));
        unusable(claims_provider(&worse, "Partner", now()));
        unusable(refreshed(&written, &worse, now()));
    }
    let mut none = entity(&issuer(&signs));
    none.issuer.as_mut().unwrap().signing = vec![vec![1, 2, 3]];
    let said = unusable(claims_provider(&none, "Partner", now()));
    assert!(said.contains("number 1 is no X.509 certificate"), "{said}");
}

#[test]
fn what_had_ended_before_is_no_worse_and_keeps_no_new_key_out() {
    let (signs, next) = (Key::until(2030), Key::until(2040));
    let (ended, old) = (Key::rsa(2021), Key::until(2021));
    let party = relying_party(&service(&[&signs], &[&Key::rsa(2030)]), "SP", now());
    let mut party = party.unwrap();
    party.encryption_certificate = Some(ended.base64());
    let written = alone(Some(party), None);
    let same = refreshed(&written, &service(&[&signs], &[&ended]), now()).unwrap();
    assert_eq!(changes(&written, &same).unwrap(), []);
    let rolled = service(&[&signs, &next], &[&ended]);
    let rolled = refreshed(&written, &rolled, now()).unwrap();
    let known = &rolled.relying_party[0].request_signing_certificates;
    assert_eq!(*known, [signs.base64(), next.base64()]);
    // One of another kind is worse than one that has ended, and one that works may not end.
    unusable(refreshed(&written, &service(&[&signs], &[&signs]), now()));
    unusable(refreshed(&written, &service(&[&old], &[&ended]), now()));
    let mut written = written;
    written.relying_party[0].request_signing_certificates = vec![old.base64()];
    let same = refreshed(&written, &service(&[&old], &[&ended]), now()).unwrap();
    assert_eq!(changes(&written, &same).unwrap(), []);
}

#[test]
fn of_several_keys_to_encrypt_for_the_first_that_can_be_used_is_taken() {
    let (signs, encrypts) = (Key::until(2030), Key::rsa(2030));
    let (ended, next) = (Key::rsa(2021), Key::rsa(2040));
    let (p256, ed25519) = (Key::until(2030), Key::unusable());
    let several = service(&[&ed25519, &signs], &[&p256, &ended, &encrypts, &next]);
    let party = relying_party(&several, "SP", now()).unwrap();
    assert_eq!(party.encryption_certificate, Some(encrypts.base64()));
    // What is signed is verified by any of them.
    let signing = [ed25519.base64(), signs.base64()];
    assert_eq!(party.request_signing_certificates, signing);
    // A party whose tokens are not encrypted is cut off by none of them.
    let mut written = alone(Some(party), None);
    written.relying_party[0].encrypt_claims = false;
    let after = refreshed(&written, &service(&[&signs], &[&p256]), now()).unwrap();
    let kept = &after.relying_party[0].encryption_certificate;
    assert_eq!(*kept, Some(p256.base64()));
}

#[test]
fn a_certificate_that_changes_is_shown_by_its_thumbprint_and_its_end() {
    let (mut entity, written, old) = partner();
    let new = Key::until(2031);
    entity.issuer.as_mut().unwrap().signing = vec![old.der.clone(), new.der.clone()];
    let after = refreshed(&written, &entity, now()).unwrap();
    let [change] = changes(&written, &after).unwrap().try_into().unwrap();
    assert_eq!(change.key, "token_signing_certificates");
    let shown = change.after.unwrap();
    assert!(
        shown.contains("(until 2031-12-31") && !shown.contains(&new.base64()),
        "{shown}"
    );
}

#[test]
fn who_signed_metadata_is_told_and_a_change_since_is_found() {
    let (own, other) = (Key::until(2030), Key::until(2030));
    let text = signed(issuer(&own), &own);
    let by = |text: &str, keys: &[&Key]| read(text, &known(keys), now()).map(|(_, by)| by);
    assert_eq!(by(&text, &[&own]), Ok(SignedBy::Known));
    assert_eq!(by(&text, &[&other]), Ok(SignedBy::Itself));
    assert_eq!(by(&issuer(&own), &[&own]), Ok(SignedBy::Nobody));
    // Read from what was signed, the roles are the same.
    let (entity, _) = read(&text, &known(&[&own]), now()).unwrap();
    assert_eq!(
        Some(entity),
        read(&issuer(&own), &known(&[]), now()).ok().map(|it| it.0)
    );
    let changed = text.replace("https://partner.example/", "https://evil.example/");
    assert!(by(&changed, &[&own]).is_err());
    let of_stranger = signed(issuer(&own), &other);
    assert!(by(&of_stranger, &[&own]).is_err());
}

/// The types are a party's own; those of an issuer's role say nothing of what it takes.
#[test]
fn a_party_that_takes_saml_2_alone_gets_it_and_one_that_says_nothing_what_it_had() {
    let (mut entity, written) = lync();
    let took = |written: &Written| written.relying_party[0].token_type.clone();
    assert_eq!(took(&written), None);
    let (old, new, other) = (
        "urn:oasis:names:tc:SAML:1.0:assertion",
        "urn:oasis:names:tc:SAML:2.0:assertion",
        "urn:ietf:params:oauth:token-type:jwt",
    );
    let mut kept = written;
    for (named, expected) in [
        (vec![other, new], Some("SAMLV2.0")),
        (vec![], Some("SAMLV2.0")),
        (vec![other], Some("SAMLV2.0")),
        (vec![new, old], None),
    ] {
        let types = named.iter().map(|it| (*it).to_owned());
        entity.relying_party.as_mut().unwrap().token_types = types.collect();
        kept = refreshed(&kept, &entity, now()).unwrap();
        assert_eq!(took(&kept).as_deref(), expected, "{named:?}");
    }
}

#[test]
fn an_endpoint_that_is_not_of_https_is_left_out_and_named_and_all_of_them_make_no_trust() {
    let mut both = entity(SAML);
    let mut provider = both.service_provider.clone().unwrap();
    let mut unsafe_one = provider.services[0].clone();
    unsafe_one.location = "http://sp.example/plain".to_owned();
    provider.services.insert(0, unsafe_one);
    provider.signing.clear();
    provider.encryption.clear();
    both.service_provider = Some(provider.clone());
    let party = relying_party(&both, "SP", now()).unwrap();
    let locations = party.saml_endpoints.iter().map(|it| it.location.as_str());
    let locations: Vec<&str> = locations.collect();
    assert!(
        locations.contains(&"https://sp.example/acs"),
        "{locations:?}"
    );
    assert!(
        !locations.contains(&"http://sp.example/plain"),
        "{locations:?}"
    );
    assert_eq!(
        left_out(both.service_provider.as_ref()),
        ["http://sp.example/plain"]
    );
    provider.services.truncate(1);
    provider.logouts.clear();
    both.service_provider = Some(provider);
    both.relying_party = None;
    let refused = relying_party(&both, "SP", now()).unwrap_err();
    let expected = PartnerError::NotHttps("http://sp.example/plain".to_owned());
    assert_eq!(refused, expected);
}
