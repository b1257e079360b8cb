//! The OpenAPI document and what is answered say the same: every address, every role, and the shape of every answer.

use std::collections::BTreeSet;

use authn::admin::role::Role;
use authn::audit::Kind;
use authn::place::Zone;
use authn::ports::Audit as _;
use serde_json::{Value, json};
use sts::ledger::SignedDigest;
use sts::ports::{Ledger as _, RestsOn};

use crate::ledger::issued;
use crate::world::World;

/// Every address of the document, with its method and what it says.
async fn operations(world: &World) -> (Value, Vec<(String, String, Value)>) {
    let document = world
        .asks_as(Role::Auditor, ("GET", "/api/v1/openapi.json"), "")
        .await;
    assert_eq!(document.status, 200);
    let mut all = Vec::new();
    for (path, methods) in document.body["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            all.push((method.to_uppercase(), path.clone(), operation.clone()));
        }
    }
    (document.body, all)
}

/// A path with names in the place of its parameters.
fn filled(path: &str) -> String {
    let path = path.replace("{account}", "anna@contoso.com");
    let path = path.replace("{farm}", "pool");
    path.replace("{token}", "x")
        .replace("{id}", "x")
        .replace("{device}", "x")
}

/// Whether a value is what a schema says; the place where it is not.
fn fits(value: &Value, schema: &Value, document: &Value) -> Result<(), String> {
    if let Some(reference) = schema["$ref"].as_str() {
        let pointer = reference.strip_prefix('#').unwrap();
        return fits(value, document.pointer(pointer).unwrap(), document);
    }
    let is_its = match schema["type"].as_str().unwrap() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "boolean" => value.is_boolean(),
        other => panic!("{other}"),
    };
    if !is_its {
        return Err(format!("{value} is not {schema}"));
    }
    if let Some(words) = schema["enum"].as_array()
        && !words.contains(value)
    {
        return Err(format!("{value} is not among {words:?}"));
    }
    for item in value.as_array().into_iter().flatten() {
        fits(item, &schema["items"], document)?;
    }
    let (Some(members), Some(properties)) = (value.as_object(), schema["properties"].as_object())
    else {
        return Ok(());
    };
    for (name, member) in members {
        match properties.get(name) {
            Some(schema) => fits(member, schema, document)?,
            None if schema["additionalProperties"] == false => {
                return Err(format!("{name} is not in the document"));
            }
            None => {}
        }
    }
    let needed = schema["required"].as_array().into_iter().flatten();
    for name in needed {
        if !members.contains_key(name.as_str().unwrap()) {
            return Err(format!("{name} is not there"));
        }
    }
    Ok(())
}

/// What an answer of an operation must be, by its status.
fn schema_of(operation: &Value, status: u16) -> Option<&Value> {
    let responses = &operation["responses"];
    let said = responses.get(status.to_string());
    let said = said.unwrap_or(&responses["default"]);
    let content = said["content"].as_object()?;
    content.values().next().map(|it| &it["schema"])
}

#[tokio::test]
async fn s73_each_role_may_ask_what_the_document_says_and_is_refused_the_rest() {
    let world = World::new().await;
    let (document, operations) = operations(&world).await;
    assert_eq!(operations.len(), 32);
    let mut refused = 0;
    for (method, path, operation) in &operations {
        let roles = operation["x-roles"].as_array().unwrap();
        for role in Role::ALL {
            let what = (method.as_str(), filled(path));
            let got = world.asks_as(role, (what.0, &what.1), "").await;
            let may = roles.contains(&json!(role.as_str()));
            assert_eq!(got.status != 403, may, "{role:?} {what:?} {}", got.body);
            refused += usize::from(!may);
            if let Some(schema) = schema_of(operation, got.status) {
                fits(&got.body, schema, &document).unwrap();
            }
        }
    }
    let trail = world.memory.read(1, 1_000).await.unwrap();
    let events = trail.iter();
    let events: Vec<_> = events
        .filter(|it| matches!(it.event.kind, Kind::ApiActRefused { .. }))
        .collect();
    assert_eq!(events.len(), refused, "each refusal is in the audit");
    for event in events {
        assert!(event.event.actor.is_some() && event.event.source.is_some());
    }
}

/// Who asks for what, the status of the answer, and the body that was sent; `A` is an account, `1` to `4` are codes of the
/// token `button`, in their order.
const ASKED: &str = r#"
h GET /accounts 200
h GET A 200
h POST A/disable 200
h POST A/invitation 409
h POST A/temporary-code 409
h POST A/enable 200
h POST A/app-passwords 201 {"label":"a","device":"b","scope":["ews"],"expires":"2099-01-01T00:00:00Z"}
h GET A/app-passwords 200
h DELETE A/app-passwords/none 404
h DELETE A/devices/b 204
h DELETE A/devices/b 204
h DELETE A/devices/c 404
h POST A/invitation 201 {"hours":24}
h POST A/temporary-code 201 {"minutes":60,"uses":2}
h POST A/temporary-code 400 {"minutes":4321}
h DELETE A/temporary-code 204
h DELETE A/temporary-code 204
h PUT A/destinations 200 {"by":"sms","to":"+46701234567"}
h PUT A/destinations 409 {"by":"sms","to":"+46701234567"}
h PUT A/destinations 400 {"by":"sms","to":"anna"}
a GET A/destinations 200
a GET A/passkeys 200
h DELETE A/passkeys/none 404
a GET /audit 200
a GET /farms 200
g POST /farms/pool/drain 200 {"force":true}
g POST /farms/pool/undrain 200
a GET /self 200
a GET /openapi.json 200
a GET /tokens 200
a GET /tokens/button 200
h POST /tokens/button/test 200 {"code":"1"}
h POST /tokens/button/test 409 {"code":"1"}
h POST /tokens/button/resync 200 {"first":"3","second":"4"}
h POST /tokens/button/resync 409 {"first":"2","second":"3"}
h POST /tokens/button/block 200
h POST /tokens/button/test 409 {"code":"1"}
h POST /tokens/button/unblock 200
t POST /tokens/button/assign 200 {"account":"anna@contoso.com"}
t POST /tokens/button/assign 409 {"account":"anna@contoso.com"}
a GET A/tokens 200
t POST /tokens/button/unassign 200
t POST /tokens/button/unassign 409
t POST /tokens/none/unassign 404
t POST /tokens/button/assign 404 {"account":"nobody@contoso.com"}
a GET /ledger/_one 200
f GET /ledger/_two 404
f POST /ledger/judge 200 {"token":"<Assertion xmlns='urn:oasis:names:tc:SAML:1.0:assertion' AssertionID='_one'/>"}
f POST /ledger/judge 400 {"token":"<a/>"}
"#;

#[tokio::test]
async fn every_answer_is_of_the_shape_that_the_document_gives_it() {
    let world = World::new().await;
    let (document, operations) = operations(&world).await;
    let button = world.button("button").await;
    let entry = issued("_one", SignedDigest::new([1; 32]));
    world
        .memory
        .record_token(&entry, entry.event(), RestsOn::default())
        .await
        .unwrap();
    let mut fitted = BTreeSet::new();
    for line in ASKED.lines().filter(|it| !it.is_empty()) {
        let parts: Vec<&str> = line.splitn(5, ' ').collect();
        let [role, method, path, status, ..] = *parts else {
            panic!("{line}")
        };
        let role = match role {
            "h" => Role::HelpDesk,
            "t" => Role::TokenAdministrator,
            "g" => Role::GatewayAdministrator,
            "f" => Role::FederationAdministrator,
            _ => Role::Auditor,
        };
        let path = path.replace('A', "/accounts/anna@contoso.com");
        let path = format!("/api/v1{path}");
        let mut body = parts.get(4).copied().unwrap_or_default().to_owned();
        for number in 1..=4 {
            let code = button.code(number).shown().expose().clone();
            body = body.replace(&format!("\"{number}\""), &format!("\"{code}\""));
        }
        let got = world.asks_as(role, (method, &path), &body).await;
        assert_eq!(got.status.to_string(), status, "{line} {}", got.body);
        let is_it = |(known, template, _): &&(String, String, Value)| {
            let (template, path) = (template.split('/'), path.split('/'));
            let mut pairs = template.clone().zip(path.clone());
            let is_path = pairs.all(|(a, b)| a == b || a.starts_with('{'));
            known == method && template.count() == path.count() && is_path
        };
        let (_, _, operation) = operations.iter().find(is_it).unwrap();
        match schema_of(operation, got.status) {
            Some(schema) => fits(&got.body, schema, &document).unwrap(),
            None => assert!(got.answer.response.body().is_empty()),
        }
        if got.status < 300 {
            fitted.insert(operation["operationId"].as_str().unwrap().to_owned());
        }
    }
    let trail = world.memory.read(1, 1_000).await.unwrap();
    let by_api = trail.iter().map(|it| &it.event);
    let by_api = by_api.filter(|it| {
        let actor = it.actor.as_ref();
        actor.is_some_and(|actor| actor.as_str().starts_with("api "))
    });
    let by_api: Vec<_> = by_api.collect();
    assert!(by_api.len() > 10, "{}", by_api.len());
    for event in by_api {
        let origin = (event.source, &event.zone, &event.activity);
        let is_whole = matches!(origin, (Some(_), Some(zone), Some(_)) if *zone == Zone::INTERNAL);
        assert!(is_whole, "{event:?}");
    }
    let all = operations.iter().map(|(_, _, it)| &it["operationId"]);
    let never: Vec<&Value> = all
        .filter(|it| !fitted.contains(it.as_str().unwrap()))
        .collect();
    assert_eq!(
        never,
        [&json!("revokeAppPassword"), &json!("removePasskey")]
    );
    let scope = "/paths/~1api~1v1~1accounts~1{account}~1app-passwords/post/requestBody/content/\
        application~1json/schema/properties/scope/items/enum";
    assert_eq!(document.pointer(scope), Some(&json!(["ews", "lync"])));
    let destination = "/api/v1/accounts/anna@contoso.com/destinations";
    let shown = world.asks_as(Role::Auditor, ("GET", destination), "").await;
    assert!(!shown.body.to_string().contains("6701234"), "masked");
    assert!(shown.body["items"][0]["held_until"].is_string(), "72 hours");
}

/// No address of the API is a way to try tokens beside the others (T-CRED-6), nor tells whether a token was ever good
/// (T-CRED-8).
#[tokio::test]
async fn t_cred_6_a_wrong_token_is_counted_at_every_address() {
    let world = World::new().await;
    let (_, operations) = operations(&world).await;
    let addresses: Vec<_> = operations
        .iter()
        .map(|(method, path, _)| (method.as_str(), filled(path)))
        .collect();
    assert!(addresses.len() > 10, "{addresses:?}");
    let ask =
        async |(method, path): &(&str, String)| world.asks(Some("wrong"), (method, path), "").await;
    for (number, address) in (0..web::api::MAX_WRONG).zip(addresses.iter().cycle()) {
        let got = ask(address).await;
        assert_eq!(
            (got.status, got.answer.signed_in),
            (401, Some(false)),
            "{number} {address:?}"
        );
    }
    for address in &addresses {
        assert_eq!(ask(address).await.status, 429, "{address:?}");
    }
}
