// SPDX-License-Identifier: MIT
use basket::Basket;

#[test]
fn put() {
    let mut basket = Basket::new().unwrap();
    assert!(basket.put(7, 10));
}

#[test]
fn total() {
    let mut basket = Basket::new().unwrap();
    assert!(basket.put(7, 10));
    assert_eq!(basket.total(), 10);
}

#[test]
fn label() {
    let mut basket = Basket::new().unwrap();
    assert!(basket.set_label("fruit"));
}

#[test]
fn describe() {
    let mut basket = Basket::new().unwrap();
    assert!(basket.put(7, 10) && basket.put(8, 20));
    assert!(basket.describe().map_or(true, |text| text == " 7 8"));
}

#[test]
fn copy() {
    let mut basket = Basket::new().unwrap();
    assert!(basket.put(7, 10));
    assert_eq!(basket.copy().unwrap().total(), 10);
}
