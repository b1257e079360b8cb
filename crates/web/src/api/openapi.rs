//! The OpenAPI 3.1 document, made of the same table that requests are dispatched by.

use authn::admin::role::Role;
use authn::place::Service;
use serde_json::{Map, Value, json};

use super::fields::{Field, Holds, MAX_OF_SEVERAL, Shape};
use super::table::{Answers, BASE, ENDPOINTS, Endpoint, names};

/// What may stand in the place of a name in a path, as far as every program reads it alike.
const IN_PATH: &str =
    "^(sips?:)?[A-Za-z0-9@_+=,'!&-]([A-Za-z0-9@_+=,'!&. -]*[A-Za-z0-9@_+=,'!&-])?$";
/// How long that may be.
const MAX_IN_PATH: usize = 1_024;

/// The document, for an API of that origin where these services are published.
pub(crate) fn document(origin: &str, services: &[Service]) -> Value {
    let mut paths = Map::new();
    let mut schemas = Map::new();
    for endpoint in ENDPOINTS {
        let path = paths.entry(format!("{BASE}{}", endpoint.path));
        let path = path.or_insert_with(|| json!({}));
        if let Some(path) = path.as_object_mut() {
            let method = endpoint.method.to_ascii_lowercase();
            path.insert(method, operation(endpoint, services));
        }
        if let Answers::One(shape) | Answers::Made(shape) | Answers::Page(shape) = endpoint.answers
        {
            schemas.insert(shape.name.to_owned(), object(shape.fields));
        }
    }
    schemas.insert("Problem".to_owned(), problem());
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Wicketgate",
            "version": "1",
            "description": "What help desks and administrators do for others. Each token has one role; `x-roles` says which may ask.",
        },
        "servers": [{ "url": origin }],
        "security": [{ "token": [] }],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An API token, as `wicketgate api-token create` shows it once.",
                },
            },
        },
    })
}

fn operation(endpoint: &Endpoint, services: &[Service]) -> Value {
    let roles = Role::ALL.into_iter().filter(|it| it.may(endpoint.act));
    let in_path = names(endpoint.path).map(|name| {
        json!({
            "name": name,
            "in": "path",
            "required": true,
            "description": means(name),
            "schema": {
                "type": "string",
                "minLength": 1,
                "maxLength": MAX_IN_PATH,
                "pattern": IN_PATH,
            },
        })
    });
    let in_query = endpoint.query.iter().map(|field| {
        json!({
            "name": field.name,
            "in": "query",
            "required": !field.is_optional,
            "description": field.says,
            "schema": schema(field.holds),
        })
    });
    let parameters: Vec<Value> = in_path.chain(in_query).collect();
    let mut told = json!({
        "operationId": endpoint.id,
        "summary": endpoint.says,
        "x-act": endpoint.act.as_str(),
        "x-roles": roles.map(Role::as_str).collect::<Vec<_>>(),
        "parameters": parameters,
        "responses": responses(endpoint.answers),
    });
    if let (false, Some(told)) = (endpoint.body.is_empty(), told.as_object_mut()) {
        let is_needed = endpoint.body.iter().any(|it| !it.is_optional);
        let mut schema = object(endpoint.body);
        if let Some(items) = schema.pointer_mut("/properties/scope/items") {
            let services: Vec<&str> = services.iter().map(|it| &*it.0).collect();
            *items = json!({ "type": "string", "enum": services });
        }
        let body = json!({
            "required": is_needed,
            "content": { "application/json": { "schema": schema } },
        });
        told.insert("requestBody".to_owned(), body);
    }
    told
}

/// What stands in the place of a name in a path.
fn means(name: &str) -> &'static str {
    match name {
        "account" => "The id of an account, or its UPN, SIP URI or mail address.",
        "token" => "The id or the serial number of a token.",
        "device" => "The name of a device, or the id by which it calls itself.",
        "farm" => "The name of a farm.",
        _ => "The id that the list shows.",
    }
}

fn responses(answers: Answers) -> Value {
    let (status, says, schema) = match answers {
        Answers::One(shape) => ("200", "Done.", Some(reference(shape))),
        Answers::Made(shape) => ("201", "Made.", Some(reference(shape))),
        Answers::Page(shape) => ("200", "A page.", Some(page(shape))),
        Answers::Nothing => ("204", "Done.", None),
        Answers::Document => ("200", "This document.", Some(json!({ "type": "object" }))),
    };
    let mut told = json!({ "description": says });
    if let (Some(schema), Some(told)) = (schema, told.as_object_mut()) {
        let content = json!({ "application/json": { "schema": schema } });
        told.insert("content".to_owned(), content);
    }
    let problem = json!({
        "description": "It was not done (RFC 9457); what the gate refuses before the API sees it is plain text.",
        "content": {
            "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } },
            "text/plain": { "schema": { "type": "string" } },
        },
    });
    json!({ status: told, "default": problem })
}

fn reference(shape: &Shape) -> Value {
    json!({ "$ref": format!("#/components/schemas/{}", shape.name) })
}

fn page(shape: &Shape) -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["items"],
        "properties": {
            "items": { "type": "array", "items": reference(shape) },
            "next": {
                "type": "string",
                "description": "What to ask for as `after`; not there on the last page.",
            },
        },
    })
}

fn object(fields: &[Field]) -> Value {
    let needed = fields.iter().filter(|it| !it.is_optional);
    let needed: Vec<&str> = needed.map(|it| it.name).collect();
    let properties: Map<String, Value> = fields
        .iter()
        .map(|field| {
            let mut schema = schema(field.holds);
            if let Some(schema) = schema.as_object_mut() {
                schema.insert("description".to_owned(), field.says.into());
            }
            (field.name.to_owned(), schema)
        })
        .collect();
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": needed,
        "properties": properties,
    })
}

fn schema(holds: Holds) -> Value {
    /// Without control characters, as Unicode has them.
    const PRINTABLE: &str = "^[^\\u0000-\\u001f\\u007f-\\u009f]*$";
    match holds {
        Holds::Text(most) => json!({
            "type": "string",
            "minLength": 1,
            "maxLength": most,
            "pattern": PRINTABLE,
        }),
        Holds::Lines(most) => json!({ "type": "string", "minLength": 1, "maxLength": most }),
        Holds::Texts(most) => json!({
            "type": "array",
            "minItems": 1,
            "maxItems": most,
            "items": {
                "type": "string",
                "minLength": 1,
                "maxLength": MAX_OF_SEVERAL,
                "pattern": PRINTABLE,
            },
        }),
        Holds::Moment => json!({ "type": "string", "format": "date-time" }),
        Holds::Whole(least, most) => {
            json!({ "type": "integer", "minimum": least, "maximum": most })
        }
        Holds::OneOf(words) => json!({ "type": "string", "enum": words }),
        Holds::Flag => json!({ "type": "boolean" }),
        Holds::Anything => json!({ "type": "object" }),
    }
}

fn problem() -> Value {
    json!({
        "type": "object",
        "required": ["type", "title", "status", "detail", "activity"],
        "properties": {
            "type": { "type": "string" },
            "title": { "type": "string" },
            "status": { "type": "integer" },
            "detail": { "type": "string" },
            "activity": {
                "type": "string",
                "description": "The id by which the log knows the request.",
            },
            "errors": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["place", "expected"],
                    "properties": {
                        "place": { "type": "string" },
                        "expected": { "type": "string" },
                    },
                },
            },
        },
    })
}
