#![doc = include_str!("../README.md")]

pub mod trust;

pub mod import;
