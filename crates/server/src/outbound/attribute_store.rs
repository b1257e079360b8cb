//! An attribute store over HTTP: what a claim rule asks goes as JSON to a program of the operator's, and rows come back.
//!
//! SECURITY: parameters are values of claims and go apart from the question, so that whoever answers can bind them. Any answer
//! but whole rows fails the rule, and with it the token: one with something missing might let somebody in.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use claims::Row;
use http::{HeaderValue, Request, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use sts::pipeline::store::{Answered, AttributeStore};
use tokio::task::JoinSet;
use zeroize::Zeroizing;

use super::asked::{Server, in_time};
use super::tls::TlsError;
use crate::config::settings::attribute_stores::AttributeStore as Settings;

/// The largest head of an answer, and the largest answer.
const HEAD_BYTES: usize = 16 * 1024;
const BODY_BYTES: usize = 1024 * 1024;

/// A store that is asked over HTTP.
pub(crate) struct HttpStore {
    settings: Settings,
    server: Server,
}

/// What a store answers.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    /// Each with a value, or none, for each claim that the rule asks for.
    rows: Vec<Row>,
}

impl HttpStore {
    /// Takes the settings and reads the authorities.
    ///
    /// # Errors
    ///
    /// They are not usable.
    pub(crate) fn new(settings: &Settings) -> Result<Self, TlsError> {
        let place = (settings.host.as_str(), settings.port);
        Ok(Self {
            settings: settings.clone(),
            server: Server::new(place, settings.tls.as_ref())?,
        })
    }

    async fn asked(&self, text: &str, parameters: &[&str]) -> Result<Vec<Row>, String> {
        let question = serde_json::json!({ "query": text, "parameters": parameters });
        let mut request = Request::post(&self.settings.path)
            .header(header::HOST, &self.settings.authority)
            .header(header::USER_AGENT, "wicketgate")
            .header(header::CONNECTION, "close")
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, "application/json")
            .body(Full::new(Bytes::from(question.to_string())))
            .map_err(|_| "its address makes no request".to_owned())?;
        if let Some(secret) = &self.settings.secret {
            let secret = secret.read();
            let secret = secret.map_err(|error| format!("its secret cannot be read: {error}"))?;
            let line = Zeroizing::new(format!("Bearer {}", secret.expose()));
            let line = HeaderValue::try_from(line.as_str());
            let mut line = line.map_err(|_| "its secret makes no header".to_owned())?;
            line.set_sensitive(true);
            request.headers_mut().insert(header::AUTHORIZATION, line);
        }
        let mut builder = http1::Builder::new();
        let builder = builder.max_buf_size(HEAD_BYTES);
        let handshake = builder
            .handshake(TokioIo::new(self.server.connected().await?))
            .await;
        let (mut sender, connection) =
            handshake.map_err(|error| format!("it speaks no HTTP: {error}"))?;
        // It ends with the answer, or with the time that it may take.
        let mut connections = JoinSet::new();
        connections.spawn(connection);
        let answer = sender.send_request(request).await;
        let answer = answer.map_err(|error| format!("it does not answer: {error}"))?;
        if answer.status() != StatusCode::OK {
            return Err(format!("it answers {}", answer.status().as_u16()));
        }
        let body = Limited::new(answer.into_body(), BODY_BYTES).collect().await;
        let body = body
            .map_err(|_| format!("its answer broke off, or is longer than {BODY_BYTES} bytes"))?;
        // What it says is somebody's attributes, and stands in no sentence.
        let answer: Result<Answer, _> = serde_json::from_slice(&body.to_bytes());
        answer
            .map(|answer| answer.rows)
            .map_err(|_| "its answer is not {\"rows\": [[...]]} of texts and null".to_owned())
    }
}

#[async_trait]
impl AttributeStore for HttpStore {
    fn name(&self) -> &str {
        &self.settings.name
    }

    async fn query(&self, text: &str, parameters: &[&str], within: Duration) -> Answered {
        in_time(within, self.asked(text, parameters)).await
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Write};
    use std::os::unix::fs::PermissionsExt;
    use std::process::{Child, Command, Stdio};

    use store::postgres::Password;

    use super::*;

    /// Python's own web server: it answers as the path says, and by the path `/echo` with what it was asked.
    const SERVER: &str = r#"
import http.server, json, time
class Store(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        asked = self.rfile.read(int(self.headers["Content-Length"]))
        said = {
            "/echo": lambda: json.dumps({"rows": [[json.loads(asked)["query"], *json.loads(asked)["parameters"]], [None]]}),
            "/none": lambda: '{"rows": []}',
            "/text": lambda: "Anna Svensson",
            "/more": lambda: '{"rows": [], "secret of Anna": 1}',
            "/number": lambda: '{"rows": [[7]]}',
            "/long": lambda: '{"rows": [["' + "x" * 1100000 + '"]]}',
            "/slow": lambda: time.sleep(20),
        }.get(self.path, lambda: "")()
        status = {"/wrong": 500, "/elsewhere": 302}.get(self.path, 200)
        if self.headers.get("Authorization") != "Bearer of the store": status = 401
        self.send_response(status)
        if status == 302: self.send_header("Location", "/none")
        self.end_headers()
        self.wfile.write((said or "").encode())
    def log_message(self, *_): pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Store)
print(server.server_address[1], flush=True)
server.serve_forever()
"#;

    struct Server(Child);

    impl Drop for Server {
        fn drop(&mut self) {
            // One that ended already needs no killing.
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }

    fn begun() -> (Server, u16) {
        let mut child = Command::new("python3")
            .args(["-c", SERVER])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let out = child.stdout.take().unwrap();
        BufReader::new(out).read_line(&mut line).unwrap();
        (Server(child), line.trim().parse().unwrap())
    }

    async fn ask(port: u16, path: &str, secret: &str) -> Result<Vec<Row>, String> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(secret.as_bytes()).unwrap();
        let only_ours = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(file.path(), only_ours).unwrap();
        let settings = Settings {
            name: "HR".to_owned(),
            host: "127.0.0.1".to_owned(),
            port,
            authority: format!("127.0.0.1:{port}"),
            path: path.to_owned(),
            tls: None,
            secret: Some(Password {
                file: file.path().to_owned(),
            }),
        };
        let store = HttpStore::new(&settings).unwrap();
        let parameters = ["anna'; --", "\"x\""];
        let left = Duration::from_secs(10);
        store.query("title of {0}", &parameters, left).await.rows
    }

    #[tokio::test]
    async fn what_is_asked_goes_with_its_parameters_apart_and_rows_come_back() {
        let (_server, port) = begun();
        let rows = ask(port, "/echo", "of the store").await.unwrap();
        let first = ["title of {0}", "anna'; --", "\"x\""].map(|it| Some(it.to_owned()));
        assert_eq!(rows, [first.to_vec(), vec![None]]);
        assert_eq!(ask(port, "/none", "of the store").await, Ok(Vec::new()));
    }

    #[tokio::test]
    async fn anything_but_whole_rows_fails_and_tells_nothing_of_them() {
        let (server, port) = begun();
        for (path, secret, why) in [
            ("/none", "of another", "it answers 401"),
            ("/wrong", "of the store", "it answers 500"),
            ("/elsewhere", "of the store", "it answers 302"),
            ("/text", "of the store", "its answer is not"),
            ("/more", "of the store", "its answer is not"),
            ("/number", "of the store", "its answer is not"),
            ("/long", "of the store", "is longer than"),
            ("/slow", "of the store", "no answer in 3 s"),
        ] {
            let said = ask(port, path, secret).await.unwrap_err();
            assert!(
                said.contains(why) && !said.contains("Anna"),
                "{path}: {said}"
            );
        }
        drop(server);
        let said = ask(port, "/none", "of the store").await.unwrap_err();
        assert!(said.contains("it cannot be reached"), "{said}");
    }
}
