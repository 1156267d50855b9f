// SPDX-License-Identifier: MIT
use std::ffi::{CStr, CString};
use std::os::raw::{c_char, c_int};

#[repr(C)]
struct Raw {
    label: *mut c_char,
    items: *mut c_int,
    prices: *mut c_int,
    count: usize,
}

extern "C" {
    fn basket_new() -> *mut Raw;
    fn basket_free(basket: *mut Raw);
    fn basket_put(basket: *mut Raw, item: c_int, price: c_int) -> c_int;
    fn basket_total(basket: *const Raw) -> c_int;
    fn basket_set_label(basket: *mut Raw, label: *const c_char) -> c_int;
    fn basket_describe(basket: *const Raw) -> *mut c_char;
    fn basket_copy(basket: *const Raw) -> *mut Raw;
    fn free(block: *mut c_char);
}

/// None and false stand for a want of memory.
pub struct Basket(*mut Raw);

fn owned(raw: *mut Raw) -> Option<Basket> {
    if raw.is_null() { None } else { Some(Basket(raw)) }
}

impl Basket {
    pub fn new() -> Option<Basket> {
        owned(unsafe { basket_new() })
    }
    pub fn put(&mut self, item: i32, price: i32) -> bool {
        unsafe { basket_put(self.0, item, price) == 0 }
    }
    pub fn total(&self) -> i32 {
        unsafe { basket_total(self.0) }
    }
    pub fn set_label(&mut self, label: &str) -> bool {
        let text = CString::new(label).unwrap();
        unsafe { basket_set_label(self.0, text.as_ptr()) == 0 }
    }
    pub fn describe(&self) -> Option<String> {
        let text = unsafe { basket_describe(self.0) };
        if text.is_null() {
            return None;
        }
        let copy = unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned();
        unsafe { free(text) };
        Some(copy)
    }
    pub fn copy(&self) -> Option<Basket> {
        owned(unsafe { basket_copy(self.0) })
    }
}

impl Drop for Basket {
    fn drop(&mut self) {
        unsafe { basket_free(self.0) }
    }
}
