//! A QR code as inline SVG: one path, no style, nothing that a content policy would have to allow.

use std::fmt::Write;

use proto::otp::{KeyUri, base32};
use proto::secret::Secret;
use qrcode::{Color, QrCode};
use zeroize::Zeroize;

/// The quiet zone around it, in modules (ISO/IEC 18004).
const QUIET: usize = 4;

/// The seed of a URI, to be typed by hand: in groups of four.
pub(crate) fn key(uri: &KeyUri) -> String {
    let mut key = String::new();
    base32::encode(uri.seed.as_bytes(), &mut key);
    let mut grouped = String::with_capacity(key.len() * 5 / 4);
    for (index, letter) in key.chars().enumerate() {
        if index > 0 && index.is_multiple_of(4) {
            grouped.push(' ');
        }
        grouped.push(letter);
    }
    key.zeroize();
    grouped
}

/// The picture of a URI; none where it does not fit, and the text is typed by hand then.
pub(crate) fn of(uri: &KeyUri) -> Option<String> {
    of_text(&uri.written())
}

/// The picture of a text, and of nothing beside it: whatever reads it shows it, and goes nowhere.
pub(crate) fn of_text(text: &Secret<String>) -> Option<String> {
    let code = QrCode::new(text.expose().as_bytes()).ok()?;
    let width = code.width();
    let mut path = String::new();
    for (index, color) in code.to_colors().into_iter().enumerate() {
        if color == Color::Dark {
            let (x, y) = (index % width + QUIET, index / width + QUIET);
            // Writing into a string cannot fail.
            let _ = write!(path, "M{x} {y}h1v1h-1z");
        }
    }
    let side = width + 2 * QUIET;
    Some(format!(
        "<svg class=\"qr\" viewBox=\"0 0 {side} {side}\" role=\"img\" aria-labelledby=\"qr-name\" \
         shape-rendering=\"crispEdges\"><rect width=\"{side}\" height=\"{side}\" fill=\"#fff\"/>\
         <path d=\"{path}\" fill=\"#000\"/></svg>"
    ))
}
