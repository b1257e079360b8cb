//! The OpenAPI document and what is answered say the same: every address, every role, and the shape of every answer.

use std::collections::BTreeSet;

use authn::admin::role::Role;
use authn::audit::Kind;
use authn::ports::Audit as _;
use serde_json::{Value, json};

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
fn schema_of<'d>(operation: &'d Value, status: u16) -> Option<&'d Value> {
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
    assert_eq!(operations.len(), 30);
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

#[tokio::test]
async fn every_answer_is_of_the_shape_that_the_document_gives_it() {
    let world = World::new().await;
    let (document, operations) = operations(&world).await;
    let anna = "/api/v1/accounts/anna@contoso.com";
    let mut fitted = BTreeSet::new();
    for (role, method, path, body, status) in [
        (Role::HelpDesk, "GET", "/api/v1/accounts", json!(null), 200),
        (Role::HelpDesk, "GET", anna, json!(null), 200),
        (
            Role::HelpDesk,
            "POST",
            &format!("{anna}/disable"),
            json!(null),
            200,
        ),
        (
            Role::HelpDesk,
            "POST",
            &format!("{anna}/invitation"),
            json!(null),
            409,
        ),
        (
            Role::HelpDesk,
            "POST",
            &format!("{anna}/temporary-code"),
            json!(null),
            409,
        ),
        (
            Role::HelpDesk,
            "POST",
            &format!("{anna}/enable"),
            json!(null),
            200,
        ),
        (
            Role::HelpDesk,
            "POST",
            &format!("{anna}/app-passwords"),
            json!({ "label": "a", "device": "b", "scope": ["ews"], "expires": "2099-01-01T00:00:00Z" }),
            201,
        ),
        (
            Role::HelpDesk,
            "GET",
            &format!("{anna}/app-passwords"),
            json!(null),
            200,
        ),
        (
            Role::HelpDesk,
            "DELETE",
            &format!("{anna}/devices/b"),
            json!(null),
            204,
        ),
        (
            Role::HelpDesk,
            "DELETE",
            &format!("{anna}/devices/b"),
            json!(null),
            204,
        ),
        (
            Role::HelpDesk,
            "DELETE",
            &format!("{anna}/devices/c"),
            json!(null),
            404,
        ),
        (
            Role::HelpDesk,
            "POST",
            &format!("{anna}/invitation"),
            json!({ "hours": 24 }),
            201,
        ),
        (
            Role::HelpDesk,
            "POST",
            &format!("{anna}/temporary-code"),
            json!({ "minutes": 60, "uses": 2 }),
            201,
        ),
        (
            Role::HelpDesk,
            "DELETE",
            &format!("{anna}/temporary-code"),
            json!(null),
            204,
        ),
        (
            Role::HelpDesk,
            "DELETE",
            &format!("{anna}/temporary-code"),
            json!(null),
            204,
        ),
        (
            Role::HelpDesk,
            "PUT",
            &format!("{anna}/destinations"),
            json!({ "by": "sms", "to": "+46701234567" }),
            200,
        ),
        (
            Role::HelpDesk,
            "PUT",
            &format!("{anna}/destinations"),
            json!({ "by": "sms", "to": "+46701234567" }),
            409,
        ),
        (
            Role::HelpDesk,
            "PUT",
            &format!("{anna}/destinations"),
            json!({ "by": "sms", "to": "anna" }),
            400,
        ),
        (
            Role::Auditor,
            "GET",
            &format!("{anna}/destinations"),
            json!(null),
            200,
        ),
        (
            Role::Auditor,
            "GET",
            &format!("{anna}/passkeys"),
            json!(null),
            200,
        ),
        (Role::Auditor, "GET", "/api/v1/audit", json!(null), 200),
        (Role::Auditor, "GET", "/api/v1/farms", json!(null), 200),
    ] {
        let text = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let got = world.asks_as(role, (method, path), &text).await;
        assert_eq!(got.status, status, "{method} {path} {}", got.body);
        let is_it = |(known, template, _): &&(String, String, Value)| {
            let (template, path) = (template.split('/'), path.split('/'));
            let pairs = template.clone().zip(path.clone());
            let is_path = template.count() == path.count()
                && pairs.clone().all(|(a, b)| a == b || a.starts_with('{'));
            known == method && is_path
        };
        let (_, _, operation) = operations.iter().find(is_it).unwrap();
        match schema_of(operation, status) {
            Some(schema) => fits(&got.body, schema, &document).unwrap(),
            None => assert!(got.answer.response.body().is_empty()),
        }
        fitted.insert(operation["operationId"].as_str().unwrap().to_owned());
    }
    assert!(fitted.len() >= 16, "{fitted:?}");
    let destination = format!("{anna}/destinations");
    let shown = world
        .asks_as(Role::Auditor, ("GET", &destination), "")
        .await;
    assert!(!shown.body.to_string().contains("6701234"), "masked");
    assert!(shown.body["items"][0]["held_until"].is_string(), "72 hours");
}
