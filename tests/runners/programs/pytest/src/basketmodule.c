/* SPDX-License-Identifier: MIT */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "basket.h"

/* A basket with these items, the second without a price; NULL: there is no memory, which Python has been told. */
static struct basket *make(int item, int price, int other) {
  struct basket *basket = basket_new();
  if (basket != NULL && basket_put(basket, item, price) == 0 && (other == 0 || basket_put(basket, other, 0) == 0))
    return basket;
  basket_free(basket);
  PyErr_NoMemory();
  return NULL;
}

static PyObject *put(PyObject *self, PyObject *args) {
  int item, price;
  if (!PyArg_ParseTuple(args, "ii", &item, &price)) return NULL;
  struct basket *basket = make(item, price, 0);
  if (basket == NULL) return NULL;
  PyObject *count = PyLong_FromSize_t(basket->count);
  basket_free(basket);
  return count;
}

static PyObject *total(PyObject *self, PyObject *args) {
  int item, price;
  if (!PyArg_ParseTuple(args, "ii", &item, &price)) return NULL;
  struct basket *basket = make(item, price, 0);
  if (basket == NULL) return NULL;
  PyObject *sum = PyLong_FromLong(basket_total(basket));
  basket_free(basket);
  return sum;
}

static PyObject *label(PyObject *self, PyObject *args) {
  const char *text;
  if (!PyArg_ParseTuple(args, "s", &text)) return NULL;
  struct basket *basket = make(7, 10, 0);
  if (basket == NULL) return NULL;
  int result = basket_set_label(basket, text);
  basket_free(basket);
  return result == 0 ? Py_NewRef(Py_None) : PyErr_NoMemory();
}

static PyObject *describe(PyObject *self, PyObject *args) {
  int item, other;
  if (!PyArg_ParseTuple(args, "ii", &item, &other)) return NULL;
  struct basket *basket = make(item, 10, other);
  if (basket == NULL) return NULL;
  char *text = basket_describe(basket);
  basket_free(basket);
  if (text == NULL) return PyErr_NoMemory();
  PyObject *result = PyUnicode_FromString(text);
  free(text);
  return result;
}

static PyObject *copy(PyObject *self, PyObject *args) {
  int item, price;
  if (!PyArg_ParseTuple(args, "ii", &item, &price)) return NULL;
  struct basket *basket = make(item, price, 0);
  if (basket == NULL) return NULL;
  struct basket *other = basket_copy(basket);
  basket_free(basket);
  if (other == NULL) return PyErr_NoMemory();
  PyObject *sum = PyLong_FromLong(basket_total(other));
  basket_free(other);
  return sum;
}

static PyMethodDef methods[] = {{"put", put, METH_VARARGS, NULL},     {"total", total, METH_VARARGS, NULL},
                                {"label", label, METH_VARARGS, NULL}, {"describe", describe, METH_VARARGS, NULL},
                                {"copy", copy, METH_VARARGS, NULL},   {NULL, NULL, 0, NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "basket", NULL, -1, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit_basket(void) {
  return PyModule_Create(&module);
}
