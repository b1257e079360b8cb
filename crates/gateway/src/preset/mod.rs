//! Presets: what each published path of a product takes (design 14). One file a product.

pub mod exchange;
pub mod lync;
