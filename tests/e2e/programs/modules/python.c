/* SPDX-License-Identifier: MIT */
/* A module for Python. Its functions check what they allocate and raise MemoryError; with BUG each gets it wrong in a
 * way of its own. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#ifdef BUG
enum { BUGS = 1 };
#else
enum { BUGS = 0 };
#endif

static char *repeat(const char *text, size_t bytes) {
  char *buffer = PyMem_Malloc(2 * bytes + 1);
  if (buffer == NULL) return NULL;
  memcpy(buffer, text, bytes);
  memcpy(buffer + bytes, text, bytes);
  return buffer;
}

/* BUG: returns NULL without an exception. */
static PyObject *twice(PyObject *self, PyObject *argument) {
  Py_ssize_t bytes;
  const char *text = PyUnicode_AsUTF8AndSize(argument, &bytes);
  (void)self;
  if (text == NULL) return NULL;
  char *buffer = repeat(text, (size_t)bytes); /* twice */
  if (buffer == NULL) return BUGS ? NULL : PyErr_NoMemory();
  PyObject *result = PyUnicode_FromStringAndSize(buffer, 2 * bytes);
  PyMem_Free(buffer);
  return result;
}

/* BUG: returns a result with an exception. */
static PyObject *probe(PyObject *self, PyObject *unused) {
  (void)self, (void)unused;
  void *block = malloc(100); /* probe */
  if (block == NULL) PyErr_NoMemory();
  if (block == NULL && !BUGS) return NULL;
  free(block);
  Py_RETURN_NONE;
}

/* BUG: gives the interpreter a NULL. */
static PyObject *pair(PyObject *self, PyObject *unused) {
  (void)self, (void)unused;
  PyObject *word = PyUnicode_FromString("pair"); /* pair */
  if (word == NULL && !BUGS) return NULL;
  return PyUnicode_AsUTF8String(word);
}

/* BUG: ends the interpreter. */
static PyObject *insist(PyObject *self, PyObject *unused) {
  (void)self, (void)unused;
  void *block = malloc(200);
  if (block == NULL && BUGS) Py_FatalError("no memory"); /* insist */
  if (block == NULL) return PyErr_NoMemory();
  free(block);
  Py_RETURN_NONE;
}

/* BUG: forgets an object. */
static PyObject *lose(PyObject *self, PyObject *unused) {
  (void)self, (void)unused;
  PyObject *object = PyBytes_FromStringAndSize(NULL, 1000); /* lose */
  if (object == NULL) return NULL;
  void *block = malloc(300);
  if (block == NULL && !BUGS) Py_DECREF(object);
  if (block == NULL) return PyErr_NoMemory();
  free(block);
  Py_DECREF(object);
  Py_RETURN_NONE;
}

static PyMethodDef methods[] = {{"twice", twice, METH_O, NULL},    {"probe", probe, METH_NOARGS, NULL},
                                {"pair", pair, METH_NOARGS, NULL}, {"insist", insist, METH_NOARGS, NULL},
                                {"lose", lose, METH_NOARGS, NULL}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef definition = {
    .m_base = PyModuleDef_HEAD_INIT, .m_name = "shapes", .m_size = -1, .m_methods = methods};

PyMODINIT_FUNC PyInit_shapes(void) {
  return PyModule_Create(&definition);
}
