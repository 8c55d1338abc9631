/* modules/vectors/array_file.c - see array_file.h */
#include "vectors/array_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/pool.h"
#include "core/printable.h"
#include "core/spill.h"
#include "core/utf8.h"
#include "vectors/npy.h"
#include "vectors/npz.h"
#include "vectors/safetensors.h"
#include "vectors/vectors.h"

enum { MOST_LISTED = 12, SHOWN = 80, AS_LIST = 1, HEAD_ONLY = 2 };

/* ---- which of several ---- */

/* Arrays go by one after another: `fits` of them could be meant, `at` is the one taken. */
typedef struct Choice {
  Span name;          /* asked for; "" */
  size_t n, named, fits, at;
  Buf said;           /* their names and shapes */
} Choice;

static int look(Choice *c, Span name, const char *shape, int fits) {
  int named = c->name.len > 0 && span_eq(name, c->name);
  c->named += named;
  if (fits) c->fits++;
  if (named || (c->name.len == 0 && fits)) c->at = c->n;
  if (++c->n > MOST_LISTED) return 0;
  int bad = buf_str(&c->said, c->n > 1 ? ", \"" : "\"") != 0 ||
            printable(&c->said, span_of(name.ptr, name.len > SHOWN ? SHOWN : name.len), 0) != 0 ||
            buf_printf(&c->said, "\" %s", shape) != 0;
  return bad ? -1 : 0;
}

/* Which one is meant, into *at. 0, or -1 with err worded. `wanted` says what is needed. */
static int decide(Choice *c, const char *wanted, size_t *at, Error *err) {
  Span said = buf_span(&c->said);
  const char *more = c->n > MOST_LISTED ? " and more" : "";
  *at = c->at;
  if (c->name.len > 0) {
    if (c->named == 1) return 0;
    return error_set(err, "%s array \"%.*s\"; it holds %.*s%s", c->named > 1 ? "more than one" : "no", (int)c->name.len,
                     c->name.ptr, (int)said.len, said.ptr, more);
  }
  if (c->fits == 1) return 0;
  if (c->n == 0) return error_set(err, "it holds no arrays");
  if (c->fits == 0) return error_set(err, "it holds no %s, but %.*s%s", wanted, (int)said.len, said.ptr, more);
  return error_set(err, "it holds several: %.*s%s; the name of one is needed", (int)said.len, said.ptr, more);
}

/* ---- a matrix, a list ---- */

static int check_matrix(ArrayFile *f, uint64_t rows, uint64_t dim, Error *err) {
  if (dim < 1 || dim > VECTORS_MAX_DIM)
    return error_set(err, "its rows have %" PRIu64 " numbers; 1 to %d are read", dim, VECTORS_MAX_DIM);
  if (rows >= UINT32_MAX) return error_set(err, "it has %" PRIu64 " rows; fewer than 2^32 are read", rows);
  f->rows = rows;
  f->dim = (uint32_t)dim;
  return 0;
}

static const char MATRIX[] = "array of 2 dimensions, a vector a row";
static const char LIST[] = "array of 1 dimension, an id a row";

static int is_list(const Npy *a) { return a->kind == 'U' || a->kind == 'S' || a->kind == 'i' || a->kind == 'u'; }

static int type_error(const Npy *a, const char *allowed, Error *err) {
  int cut = a->descr.len > SHOWN;
  Buf type = { 0 };
  if (printable(&type, span_of(a->descr.ptr, cut ? SHOWN : a->descr.len), 0) != 0) error_memory(err);
  else error_set(err, "its elements are '%.*s%s'%s; %s are read", (int)type.len, buf_span(&type).ptr, cut ? "…" : "",
                 a->kind == 'O' ? ", Python objects" : a->kind == 0 ? ", records" : "", allowed);
  buf_free(&type);
  return -1;
}

static int take_npy(ArrayFile *f, Span bytes, int how, Error *err) {
  int list = how & AS_LIST;
  Npy a;
  Span elements;
  char shape[64];
  if (npy_read(&a, bytes, err) != 0) return -1;
  f->type = npy_float(&a);
  if (list && !is_list(&a)) return type_error(&a, "text (U, S) and whole numbers", err);
  if (!list && f->type == ELEMENT_OTHER) return type_error(&a, "float16, float32 and float64", err);
  if (a.ndim != (list ? 1 : 2))
    return error_set(err, "its shape is %s; needed is an %s", npy_shape(&a, shape), list ? LIST : MATRIX);
  if ((how & HEAD_ONLY) == 0) {
    if (npy_elements(&a, bytes, &elements, err) != 0) return -1;
    f->data = elements.ptr;
  }
  f->swap = a.swap;
  f->columns = a.fortran && !list;
  f->text = a.kind;
  f->size = a.size;
  if (!list) return check_matrix(f, a.shape[0], a.shape[1], err);
  if ((a.kind == 'i' || a.kind == 'u') && (a.size == 0 || a.size > 8 || (a.size & (a.size - 1)) != 0))
    return type_error(&a, "whole numbers of 1, 2, 4 and 8 bytes", err);
  return check_matrix(f, a.shape[0], 1, err);
}

/* ---- archives ---- */

/* One that cannot be read spoils no other. */
static int look_at_member(Choice *c, const NpzMember *m, char *room, int list) {
  Span head;
  Npy a;
  char shape[64] = "(?)";
  int fits = 0;
  if (npz_head(m, room, NPY_MAX_HEAD, &head, NULL) == 0 && npy_read(&a, head, NULL) == 0) {
    npy_shape(&a, shape);
    fits = list ? a.ndim == 1 && is_list(&a) : a.ndim == 2 && npy_float(&a) != ELEMENT_OTHER;
  }
  return look(c, m->name, shape, fits);
}

static int choose_member(const Npz *z, Choice *c, int list, size_t *at, Error *err) {
  char *room = malloc(NPY_MAX_HEAD);
  if (room == NULL) return error_memory(err);
  int result = 0;
  for (size_t i = 0; i < z->n && result == 0; i++) {
    if (interrupt_pending()) result = POOL_INTERRUPTED;
    else if (look_at_member(c, &z->member[i], room, list) != 0) result = error_memory(err);
  }
  free(room);
  if (result != 0) return result;
  if (z->n == 0 && z->others > 0)
    return error_set(err, "a ZIP archive without a .npy file in it (a model of PyTorch? safetensors is read)");
  return decide(c, list ? LIST : MATRIX, at, err);
}

static int unpack(ArrayFile *f, const NpzMember *m, int how, Span *array, Error *err) {
  if ((how & HEAD_ONLY) == 0) return npz_unpack(m, array, &f->unpacked, err);
  f->unpacked = spill_alloc(NPY_MAX_HEAD);
  return f->unpacked == NULL ? error_memory(err) : npz_head(m, f->unpacked, NPY_MAX_HEAD, array, err);
}

static int take_npz(ArrayFile *f, Span bytes, Choice *c, int how, Error *err) {
  Npz z;
  Span array;
  size_t at;
  if (npz_read(&z, bytes, err) != 0) return -1;
  int result = choose_member(&z, c, how & AS_LIST, &at, err);
  if (result == 0) result = unpack(f, &z.member[at], how, &array, err);
  if (result == 0 && take_npy(f, array, how, err) != 0) {
    Error inner = *err;
    result = error_set(err, "array \"%.*s\": %s", (int)z.member[at].name.len, z.member[at].name.ptr, inner.text);
  }
  npz_free(&z);
  return result;
}

/* ---- safetensors ---- */

static void shape_of(const SafeTensor *t, char out[64]) {
  Npy a = { .ndim = t->ndim };
  memcpy(a.shape, t->shape, t->ndim * sizeof t->shape[0]);
  npy_shape(&a, out);
}

static int choose_tensor(const SafeTensors *s, Choice *c, size_t *at, Error *err) {
  char shape[64];
  for (size_t i = 0; i < s->n; i++) {
    const SafeTensor *t = &s->tensor[i];
    shape_of(t, shape);
    if (look(c, t->name, shape, t->ndim == 2 && element_is_number(t->type)) != 0) return error_memory(err);
  }
  return decide(c, MATRIX, at, err);
}

static int take_tensor(ArrayFile *f, const SafeTensor *t, Error *err) {
  char shape[64];
  if (!element_is_number(t->type))
    return error_set(err, "the type of tensor \"%.*s\" is %.*s; F16, BF16, F32, F64 and I8 are read", (int)t->name.len,
                     t->name.ptr, (int)t->type_name.len, t->type_name.ptr);
  shape_of(t, shape);
  if (t->ndim != 2)
    return error_set(err, "the shape of tensor \"%.*s\" is %s; needed is an %s", (int)t->name.len, t->name.ptr, shape,
                     MATRIX);
  f->data = t->bytes.ptr;
  f->type = t->type;
  f->swap = __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__;
  return check_matrix(f, t->shape[0], t->shape[1], err);
}

static int take_safetensors(ArrayFile *f, Span bytes, Choice *c, Error *err) {
  SafeTensors s;
  size_t at;
  if (safetensors_read(&s, bytes, err) != 0) return -1;
  int result = choose_tensor(&s, c, &at, err);
  if (result == 0) result = take_tensor(f, &s.tensor[at], err);
  safetensors_free(&s);
  return result;
}

/* ---- files ---- */

static int looks_like_safetensors(Span b) { return b.len > 9 && b.ptr[8] == '{' && memcmp(b.ptr + 5, "\0\0", 3) == 0; }

static int take(ArrayFile *f, Span bytes, Choice *c, int how, Error *err) {
  int list = how & AS_LIST;
  if (npy_is(bytes)) {
    if (c->name.len == 0) return take_npy(f, bytes, list, err);      /* the head alone costs no less */
    return error_set(err, "a .npy file holds one array without a name, not \"%.*s\"", (int)c->name.len, c->name.ptr);
  }
  if (npz_is(bytes)) return take_npz(f, bytes, c, how, err);
  if (!list && looks_like_safetensors(bytes)) return take_safetensors(f, bytes, c, err);
  return error_set(err, "no %s file, by its first bytes%s", list ? ".npy or .npz" : ".npy, .npz or safetensors",
                   bytes.len == 0 ? ": it is empty" : "");
}

static int read_named(ArrayFile *f, Span bytes, const char *path, Span name, int how, Error *err) {
  Choice c = { .name = name };
  Error inner = { "" };
  int result = take(f, bytes, &c, how, &inner);
  buf_free(&c.said);
  if (result == -1) error_set(err, "%s: %s", path, inner.text);
  if (result != 0) array_file_close(f);
  return result;
}

int array_file_read(ArrayFile *f, Span bytes, const char *name, Span array, int list, Error *err) {
  *f = (ArrayFile){ .data = NULL };
  return read_named(f, bytes, name, array, list ? AS_LIST : 0, err);
}

static int map_path(ArrayFile *f, const char *path, Error *err) {
  struct stat st;
  if ((f->path = strdup(path)) == NULL) return error_memory(err);
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0 || fstat(fd, &st) != 0) {
    error_errno(err, "cannot read %s", path);
    if (fd >= 0) close(fd);
    return -1;
  }
  int result = S_ISREG(st.st_mode) ? map_open(&f->map, fd, (size_t)st.st_size, f->path, err)
                                   : error_set(err, "%s is no file", path);
  close(fd);
  return result;
}

static int open_file(ArrayFile *f, const char *path, Span name, int how, Error *err) {
  *f = (ArrayFile){ .data = NULL };
  if (map_path(f, path, err) == 0)
    return read_named(f, span_of(f->map.ptr, f->map.len), path, name, how, err);
  array_file_close(f);
  return -1;
}

int array_file_open(ArrayFile *f, const char *path, Span name, Error *err) { return open_file(f, path, name, 0, err); }
int array_file_look(ArrayFile *f, const char *path, Span name, Error *err) {
  return open_file(f, path, name, HEAD_ONLY, err);
}
int array_file_open_list(ArrayFile *f, const char *path, Span name, Error *err) {
  return open_file(f, path, name, AS_LIST, err);
}

void array_file_close(ArrayFile *f) {
  map_close(&f->map);
  free(f->path);
  spill_free(f->unpacked);
  *f = (ArrayFile){ .data = NULL };
}

void array_file_row(const ArrayFile *f, uint64_t row, float *out) {
  size_t size = element_size(f->type);
  if (f->columns) element_floats(f->type, f->data + row * size, f->rows * size, f->dim, f->swap, out);
  else element_floats(f->type, f->data + row * f->dim * size, size, f->dim, f->swap, out);
}

/* ---- lists ---- */

static uint64_t whole(const ArrayFile *f, const char *p, uint32_t size) {
  uint64_t v = 0;
  int big = (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__) != f->swap;
  for (uint32_t i = 0; i < size; i++) v = v << 8 | (unsigned char)p[big ? i : size - 1 - i];
  return v;
}

/* U+FFFD for what is no code point. */
static int add_code_point(Buf *out, uint64_t c) {
  char b[4];
  return buf_add(out, b, utf8_put(b, c > 0x10FFFF || (c >= 0xD800 && c < 0xE000) ? 0xFFFD : (uint32_t)c));
}

int array_file_text(const ArrayFile *f, uint64_t i, Buf *out) {
  const char *p = f->data + i * f->size;
  uint32_t n = f->size;
  if (f->text == 'u') return buf_printf(out, "%" PRIu64, whole(f, p, n));
  if (f->text == 'i') return buf_printf(out, "%" PRId64, (int64_t)(whole(f, p, n) << (64 - 8 * n)) >> (64 - 8 * n));
  if (f->text == 'S') {                       /* NumPy fills short ones with NULs */
    while (n > 0 && p[n - 1] == '\0') n--;
    return buf_add(out, p, n);
  }
  for (n /= 4; n > 0 && whole(f, p + 4 * (n - 1), 4) == 0;) n--;
  for (uint32_t k = 0; k < n; k++)
    if (add_code_point(out, whole(f, p + 4 * k, 4)) != 0) return -1;
  return 0;
}
