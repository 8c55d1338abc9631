/* tests/test_array_file.c - files of arrays, byte for byte from the published formats */
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "check.h"
#include "core/pool.h"
#include "corpus_files.h"
#include "vectors/array_file.h"
#include "vectors/half.h"
#include "vectors/ids.h"
#include "vectors/npy.h"
#include "vectors/safetensors.h"

/* ---- elements ---- */

/* IEEE 754 binary16 by its definition. */
static double half_by_definition(unsigned h) {
  int exponent = (int)(h >> 10 & 31), fraction = (int)(h & 1023);
  double v = exponent == 0 ? ldexp(fraction, -24) : ldexp(1024 + fraction, exponent - 25);
  return h & 0x8000 ? -v : v;
}

static void every_finite_half_is_the_number_it_stands_for(void) {
  int wrong = 0;
  for (unsigned h = 0; h < 0x10000; h++)
    if ((h >> 10 & 31) != 31) wrong += (double)half_value((uint16_t)h) != half_by_definition(h);
  CHECK(wrong == 0);
  CHECK(signbit(half_value(0x8000)) != 0);
}

static void infinite_halves_and_those_that_are_no_number_stay_so(void) {
  CHECK(half_value(0x7C00) == INFINITY);
  CHECK(half_value(0xFC00) == -INFINITY);
  int numbers = 0;
  for (unsigned f = 1; f < 1024; f++) numbers += !isnan(half_value((uint16_t)(0x7C00 | f)));
  CHECK(numbers == 0);
}

static void elements_become_floats_in_either_byte_order_and_at_any_step(void) {
  static const unsigned char big[] = { 0xC0, 0x20, 0, 0, 0x3F, 0x80, 0, 0 };           /* -2.5, 1 */
  static const unsigned char doubles[] = { 0, 0, 0, 0, 0, 0, 0x04, 0xC0,
                                           0xC7, 0xEF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF };
  static const unsigned char brains[] = { 0x20, 0xC0, 0x80, 0x3F };
  float f[2];
  element_floats(ELEMENT_F32, big, 4, 2, 1, f);
  CHECK(f[0] == -2.5f && f[1] == 1);
  element_floats(ELEMENT_F32, big + 4, 4, 1, 1, f);
  CHECK(f[0] == 1);
  element_floats(ELEMENT_F64, doubles, 8, 1, 0, f);
  CHECK(f[0] == -2.5f);
  element_floats(ELEMENT_F64, doubles + 8, 8, 1, 1, f);
  CHECK(f[0] == -INFINITY);                         /* -(2 - 2^-52) 2^127 is no float */
  element_floats(ELEMENT_BF16, brains, 2, 2, 0, f);
  CHECK(f[0] == -2.5f && f[1] == 1);
  element_floats(ELEMENT_I8, "\x80\x07\x7F", 2, 2, 0, f);
  CHECK(f[0] == -128 && f[1] == 127);
}

/* ---- safetensors ---- */

typedef struct Bytes { char at[4096]; size_t len; } Bytes;

static void add(Bytes *b, const void *bytes, size_t len) {
  memcpy(b->at + b->len, bytes, len);
  b->len += len;
}

/* A file of that header and that many bytes of data: 1, 2, 3 … */
static Bytes tensors(const char *header, size_t data) {
  Bytes b = { .len = 0 };
  uint64_t len = strlen(header);
  for (int i = 0; i < 8; i++) b.at[b.len++] = (char)(len >> 8 * i & 0xFF);
  add(&b, header, len);
  for (size_t i = 0; i < data; i++) b.at[b.len++] = (char)(i + 1);
  return b;
}

static void tensors_are_found_by_name_with_type_shape_and_bytes(void) {
  Bytes b = tensors("{\"__metadata__\":{\"format\":\"pt\"},"
                    "\"b\":{\"dtype\":\"I8\",\"shape\":[2,3],\"data_offsets\":[8,14]},"
                    "\"\\u0061\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
                    "\"none\":{\"dtype\":\"F16\",\"shape\":[0,5],\"data_offsets\":[8,8]}}   ", 14);
  SafeTensors s;
  Error err = { "" };
  CHECK(safetensors_read(&s, span_of(b.at, b.len), &err) == 0);
  CHECK(s.n == 3);
  const SafeTensor *x = safetensors_get(&s, span_str("b")), *a = safetensors_get(&s, span_str("a")),
                   *none = safetensors_get(&s, span_str("none"));
  CHECK(x != NULL && x->type == ELEMENT_I8 && x->ndim == 2 && x->shape[0] == 2 && x->shape[1] == 3);
  CHECK(x != NULL && x->bytes.len == 6 && x->bytes.ptr == b.at + b.len - 6 && x->bytes.ptr[0] == 9);
  CHECK(a != NULL && a->type == ELEMENT_F32 && a->bytes.len == 8 && a->bytes.ptr[0] == 1);
  CHECK(none != NULL && none->bytes.len == 0 && none->shape[1] == 5);
  CHECK(safetensors_get(&s, span_str("__metadata__")) == NULL);
  safetensors_free(&s);
}

static void a_type_that_is_not_known_is_told_apart_and_does_not_spoil_the_file(void) {
  Bytes b = tensors("{\"x\":{\"dtype\":\"F4\",\"shape\":[3],\"data_offsets\":[0,2]}}", 2);
  SafeTensors s;
  Error err = { "" };
  CHECK(safetensors_read(&s, span_of(b.at, b.len), &err) == 0);
  CHECK(s.n == 1 && s.tensor[0].type == ELEMENT_OTHER && span_eq(s.tensor[0].type_name, span_str("F4")));
  safetensors_free(&s);
}

#define T(rest) "{\"x\":{\"dtype\":\"F32\"," rest "}}"
static const struct { const char *header; size_t data; const char *error; } DAMAGED[] = {
  { "{\"x\":{\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "tensor \"x\" has no dtype" },
  { "{\"x\":[]}", 0, "tensor \"x\" is no object in the header" },
  { "{\"x\":{}", 0, "its header is no JSON object (at byte 15)" },
  { T("\"shape\":[1.0],\"data_offsets\":[0,4]"), 4, "tensor \"x\" has no shape of at most 8 whole numbers" },
  { T("\"shape\":[-1],\"data_offsets\":[0,4]"), 4, "has no shape of" },
  { T("\"shape\":[1,1,1,1,1,1,1,1,1],\"data_offsets\":[0,4]"), 4, "has no shape of" },
  { T("\"shape\":[1],\"data_offsets\":[4,0]"), 4, "has no data_offsets of a begin and an end" },
  { T("\"shape\":[1],\"data_offsets\":[0,4,4]"), 4, "has no data_offsets" },
  { T("\"shape\":[1],\"data_offsets\":[0,18446744073709551616]"), 4, "has no data_offsets" },
  { T("\"shape\":[2],\"data_offsets\":[0,8]"), 4, "tensor \"x\" ends behind the file's end; is the file whole?" },
  { T("\"shape\":[2],\"data_offsets\":[0,4]"), 4, "has other bytes than its shape and dtype take" },
  { T("\"shape\":[4294967296,4294967296,2],\"data_offsets\":[0,0]"), 0, "has other bytes than" },
  { T("\"shape\":[1],\"data_offsets\":[1,5]"), 5, "tensor \"x\" has a gap before it" },
  { T("\"shape\":[1],\"data_offsets\":[0,4]"), 7, "3 bytes too many behind the last tensor" },
  { "{\"x\":{\"dtype\":\"I8\",\"shape\":[3],\"data_offsets\":[0,3]},"
    "\"y\":{\"dtype\":\"I8\",\"shape\":[2],\"data_offsets\":[2,4]}}",
    4, "tensor \"y\" overlaps the one before it" },
  { "{\"x\":{\"dtype\":\"I8\",\"shape\":[1],\"data_offsets\":[0,1]},"
    "\"\\u0078\":{\"dtype\":\"I8\",\"shape\":[1],\"data_offsets\":[1,2]}}",
    2, "tensor \"x\" stands twice in the header" },
  { "{\"\\u001b[2J\":{}}", 0, "tensor \"\\x1b[2J\" has no dtype" },
};

static void damaged_safetensors_are_told_in_one_sentence_each(void) {
  for (size_t i = 0; i < sizeof DAMAGED / sizeof DAMAGED[0]; i++) {
    Bytes b = tensors(DAMAGED[i].header, DAMAGED[i].data);
    SafeTensors s;
    Error err = { "" };
    int result = safetensors_read(&s, span_of(b.at, b.len), &err), told = strstr(err.text, DAMAGED[i].error) != NULL;
    if (result == 0 || !told) printf("%s: %s\n", DAMAGED[i].header, err.text);
    CHECK(result == -1 && told && s.tensor == NULL);
    if (result == 0) safetensors_free(&s);
  }
}

static void bytes_that_are_no_safetensors_file_say_so(void) {
  SafeTensors s;
  Error err;
  CHECK(safetensors_read(&s, span_str("PK"), &err) == -1 && strstr(err.text, "has only 2 bytes") != NULL);
  CHECK(safetensors_read(&s, span_str("\x93NUMPY\x01plus more"), &err) == -1 &&
        strstr(err.text, "does not begin with the length of a JSON header") != NULL);
  CHECK(safetensors_read(&s, span_of("\xFF\xFF\xFF\xFF\0\0\0\0{}", 10), &err) == -1 &&
        strstr(err.text, "4294967295 bytes; the most is 100,000,000") != NULL);
  CHECK(safetensors_read(&s, span_of("\x40\0\0\0\0\0\0\0{}", 10), &err) == -1 &&
        strstr(err.text, "header of 64 bytes, file of 10") != NULL);
}

/* ---- NumPy ---- */

/* A .npy file of format `major` with that header, written as NumPy writes it, and those elements. */
static Bytes npy(int major, const char *header, const void *elements, size_t len) {
  Bytes b = { .len = 0 };
  size_t prefix = major == 1 ? 10 : 12, padded = (prefix + strlen(header) + 1 + 63) / 64 * 64 - prefix;
  add(&b, "\x93NUMPY", 6);
  b.at[b.len++] = (char)major;
  b.at[b.len++] = 0;
  for (size_t i = 0; i < prefix - 8; i++) b.at[b.len++] = (char)(padded >> 8 * i & 0xFF);
  add(&b, header, strlen(header));
  while (b.len < prefix + padded - 1) b.at[b.len++] = ' ';
  b.at[b.len++] = '\n';
  add(&b, elements, len);
  return b;
}

#define HEADER(descr, order, shape) "{'descr': '" descr "', 'fortran_order': " order ", 'shape': " shape ", }"

static const unsigned char SINGLES[] = { 0, 0, 0x80, 0x3F, 0, 0, 0, 0xC0, 0, 0, 0, 0x3F,      /* 1 -2 0.5 */
                                         0, 0, 0x40, 0x40, 0, 0, 0x80, 0xBE, 0, 0, 0, 0 };    /* 3 -0.25 0 */
static const unsigned char SINGLES_BIG[] = { 0x3F, 0x80, 0, 0, 0xC0, 0, 0, 0, 0x3F, 0, 0, 0,
                                             0x40, 0x40, 0, 0, 0xBE, 0x80, 0, 0, 0, 0, 0, 0 };
static const unsigned char SINGLES_BY_COLUMN[] = { 0, 0, 0x80, 0x3F, 0, 0, 0x40, 0x40, 0, 0, 0, 0xC0,
                                                   0, 0, 0x80, 0xBE, 0, 0, 0, 0x3F, 0, 0, 0, 0 };
static const unsigned char HALVES[] = { 0, 0x3C, 0, 0xC0, 0, 0x38, 0, 0x42, 0, 0xB4, 0, 0 };
static const unsigned char HALVES_BIG[] = { 0x3C, 0, 0xC0, 0, 0x38, 0, 0x42, 0, 0xB4, 0, 0, 0 };
static const unsigned char DOUBLES[] = { 0, 0, 0, 0, 0, 0, 0xF0, 0x3F, 0, 0, 0, 0, 0, 0, 0, 0xC0,
                                         0, 0, 0, 0, 0, 0, 0xE0, 0x3F, 0, 0, 0, 0, 0, 0, 0x08, 0x40,
                                         0, 0, 0, 0, 0, 0, 0xD0, 0xBF, 0, 0, 0, 0, 0, 0, 0, 0 };
static const unsigned char DOUBLES_BIG_BY_COLUMN[] = {
  0x3F, 0xF0, 0, 0, 0, 0, 0, 0, 0x40, 0x08, 0, 0, 0, 0, 0, 0, 0xC0, 0, 0, 0, 0, 0, 0, 0,
  0xBF, 0xD0, 0, 0, 0, 0, 0, 0, 0x3F, 0xE0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 };
static const float ROWS[2][3] = { { 1, -2, 0.5f }, { 3, -0.25f, 0 } };

static int holds_rows(const ArrayFile *f) {
  float x[3] = { 9, 9, 9 }, y[3] = { 9, 9, 9 };
  if (f->rows != 2 || f->dim != 3) return 0;
  array_file_row(f, 0, x);
  array_file_row(f, 1, y);
  return memcmp(x, ROWS[0], sizeof x) == 0 && memcmp(y, ROWS[1], sizeof y) == 0;
}

#define ARRAY(major, header, elements) { major, header, elements, sizeof elements }
static const struct { int major; const char *header; const void *elements; size_t len; } ARRAYS[] = {
  ARRAY(1, HEADER("<f4", "False", "(2, 3)"), SINGLES),
  ARRAY(2, HEADER("<f4", "False", "(2, 3)"), SINGLES),
  ARRAY(3, HEADER("<f4", "False", "(2, 3)"), SINGLES),
  ARRAY(1, HEADER(">f4", "False", "(2, 3)"), SINGLES_BIG),
  ARRAY(1, HEADER("<f4", "True", "(2, 3)"), SINGLES_BY_COLUMN),
  ARRAY(1, HEADER("<f2", "False", "(2, 3)"), HALVES),
  ARRAY(1, HEADER(">f2", "False", "(2, 3)"), HALVES_BIG),
  ARRAY(1, HEADER("<f8", "False", "(2, 3)"), DOUBLES),
  ARRAY(2, HEADER(">f8", "True", "(2, 3)"), DOUBLES_BIG_BY_COLUMN),
  ARRAY(1, "{\"shape\": (2L,3L), \"fortran_order\":False , \"descr\" :\"<f4\"}", SINGLES),   /* as Python 2 had it */
};

static void arrays_of_every_format_type_and_order_give_the_same_rows(void) {
  for (size_t i = 0; i < sizeof ARRAYS / sizeof ARRAYS[0]; i++) {
    Bytes b = npy(ARRAYS[i].major, ARRAYS[i].header, ARRAYS[i].elements, ARRAYS[i].len);
    ArrayFile f;
    Error err = { "" };
    int good = array_file_read(&f, span_of(b.at, b.len), "v.npy", span_str(""), 0, &err) == 0 && holds_rows(&f);
    if (!good) printf("%s: %s\n", ARRAYS[i].header, err.text);
    CHECK(good);
    array_file_close(&f);
  }
}

static const struct { const char *header; size_t elements; const char *error; } REFUSED[] = {
  { HEADER("<i8", "False", "(2, 3)"), 48, "its elements are '<i8'; float16, float32 and float64 are read" },
  { HEADER("|O", "False", "(2, 3)"), 48, "its elements are '|O', Python objects; float16," },
  { HEADER("<f16", "False", "(2, 3)"), 96, "its elements are '<f16'; float16," },
  { HEADER("<c8", "False", "(2, 3)"), 48, "its elements are '<c8'; float16," },
  { HEADER("|V2", "False", "(2, 3)"), 12, "its elements are '|V2'; float16," },
  { "{'descr': [('a', '<f4'), ('b]', '<f4', (2,))], 'fortran_order': False, 'shape': (1, 2), }", 24,
    "its elements are '[('a', '<f4'), ('b]', '<f4', (2,))]', records; float16," },
  { HEADER("<f4", "False", "(6,)"), 24, "its shape is (6,); needed is an array of 2 dimensions, a vector a row" },
  { HEADER("<f4", "False", "()"), 4, "its shape is (); needed" },
  { HEADER("<f4", "False", "(2, 1, 3)"), 24, "its shape is (2, 1, 3); needed" },
  { HEADER("<f4", "False", "(1000000000000000000, 1000000000000000000, 1000000000000000000)"), 24,
    "its shape is (1000000000000000000, 1000000000000000000, …); needed" },
  { HEADER("<f4", "False", "(2, 0)"), 0, "its rows have 0 numbers; 1 to 16384 are read" },
  { HEADER("<f4", "False", "(0, 16385)"), 0, "its rows have 16385 numbers;" },
  { HEADER("<f4", "False", "(4294967295, 1)"), 24, "takes 17179869180 bytes, and 24 stand behind its header" },
  { HEADER("<f4", "False", "(2, 3)"), 20, "the file is cut short: shape (2, 3) of '<f4' takes 24 bytes, and 20 stand" },
  { HEADER("<f4", "False", "(4294967296, 4294967296)"), 24, "takes more than 18446744073709551615 bytes" },
  { HEADER("<f4", "False", "(2, 3)"), 27, "3 bytes too many: shape (2, 3) of '<f4' takes 24, and 27 stand" },
  { HEADER("<f4", "False", "(-2, 3)"), 24, "not what NumPy writes, at byte 61: expected 'descr', 'fortran_order' and" },
  { HEADER("<f4", "false", "(2, 3)"), 24, "not what NumPy writes, at byte 44" },
  { HEADER("<f4", "False", "(2, 3"), 24, "not what NumPy writes" },
  { HEADER("<f4", "False", "(18446744073709551616, 3)"), 24, "not what NumPy writes" },
  { HEADER("<f4", "False", "(6)"), 24, "not what NumPy writes" },
  { HEADER("f4", "False", "(2, 3)"), 24, "not what NumPy writes" },
  { HEADER("", "False", "(2, 3)"), 24, "not what NumPy writes" },
  { "{'descr': '<f4', 'fortran_order': False, }", 24, "not what NumPy writes" },
  { "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", 24, "not what NumPy writes" },
  { "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), 'more': 1, }", 24, "not what NumPy writes" },
  { "__import__('os').system('true')", 24, "not what NumPy writes, at byte 10" },
  { "", 0, "not what NumPy writes" },
};

static void arrays_that_are_not_read_are_told_in_one_sentence_each(void) {
  static const char zeros[96];
  for (size_t i = 0; i < sizeof REFUSED / sizeof REFUSED[0]; i++) {
    Bytes b = npy(1, REFUSED[i].header, zeros, REFUSED[i].elements);
    ArrayFile f;
    Error err = { "" };
    int result = array_file_read(&f, span_of(b.at, b.len), "v.npy", span_str(""), 0, &err);
    int told = strncmp(err.text, "v.npy: ", 7) == 0 && strstr(err.text, REFUSED[i].error) != NULL;
    if (result == 0 || !told) printf("%s: %s\n", REFUSED[i].header, err.text);
    CHECK(result == -1 && told);
    array_file_close(&f);
  }
}

static int refuses(const void *bytes, size_t len, const char *array, const char *words) {
  ArrayFile f;
  Error err = { "" };
  int result = array_file_read(&f, span_of(bytes, len), "v", span_str(array), 0, &err);
  int told = strstr(err.text, words) != NULL;
  if (result == 0 || !told) printf("%s: %s\n", words, err.text);
  array_file_close(&f);
  return result == -1 && told;
}

static void a_numpy_file_cut_anywhere_says_so(void) {
  Bytes b = npy(1, HEADER("<f4", "False", "(2, 3)"), SINGLES, sizeof SINGLES);
  for (size_t len = 6; len < b.len; len++)
    CHECK(refuses(b.at, len, "", len < 128 ? "no whole NumPy file: it ends in its header, at byte" : "cut short"));
  b.at[6] = 4;
  CHECK(refuses(b.at, b.len, "", "a NumPy file of format 4.0; 1.0, 2.0 and 3.0 are read"));
  b.at[6] = 2;
  b.at[10] = 1;
  CHECK(refuses(b.at, b.len, "", "bytes; at most 65535 are read"));
  b.at[6] = 1;
  CHECK(refuses(b.at, b.len, "emb", "a .npy file holds one array without a name, not \"emb\""));
}

static void bytes_of_no_known_kind_say_so(void) {
  CHECK(refuses("", 0, "", "no .npy, .npz or safetensors file, by its first bytes: it is empty"));
  CHECK(refuses("PAR1 and so on", 14, "", "no .npy, .npz or safetensors file, by its first bytes"));
}

/* ---- archives ---- */

enum { ZIP_DEFLATED = 1, ZIP_WIDE = 2, ZIP_ENCRYPTED = 4 };
typedef struct Zip { Bytes files, directory; int n; } Zip;

static void put(Bytes *b, uint64_t v, int bytes) {
  for (int i = 0; i < bytes; i++) b->at[b->len++] = (char)(v >> 8 * i & 0xFF);
}

static void zip_add(Zip *z, const char *name, const Bytes *content, int flags) {
  Bytes packed = *content;
  if (flags & ZIP_DEFLATED) {
    z_stream s = { 0 };
    if (deflateInit2(&s, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK) abort();
    s.next_in = (Bytef *)(uintptr_t)content->at, s.avail_in = (uInt)content->len;
    s.next_out = (Bytef *)packed.at, s.avail_out = sizeof packed.at;
    if (deflate(&s, Z_FINISH) != Z_STREAM_END) abort();
    packed.len = s.total_out;
    deflateEnd(&s);
  }
  uint64_t at = z->files.len, crc = crc32(0, (const Bytef *)content->at, (uInt)content->len);
  int wide = (flags & ZIP_WIDE) != 0;
  put(&z->files, 0x04034B50, 4), put(&z->files, 20, 2), put(&z->files, flags & ZIP_ENCRYPTED ? 1 : 0, 2);
  put(&z->files, flags & ZIP_DEFLATED ? 8 : 0, 2), put(&z->files, 0, 4), put(&z->files, crc, 4);
  put(&z->files, 0xFFFFFFFF, 4), put(&z->files, 0xFFFFFFFF, 4);      /* NumPy writes both to an extra field */
  put(&z->files, strlen(name), 2), put(&z->files, 20, 2), add(&z->files, name, strlen(name));
  put(&z->files, 1, 2), put(&z->files, 16, 2), put(&z->files, content->len, 8), put(&z->files, packed.len, 8);
  add(&z->files, packed.at, packed.len);
  Bytes *d = &z->directory;
  put(d, 0x02014B50, 4), put(d, 45, 2), put(d, 45, 2), put(d, flags & ZIP_ENCRYPTED ? 1 : 0, 2);
  put(d, flags & ZIP_DEFLATED ? 8 : 0, 2), put(d, 0, 4), put(d, crc, 4);
  put(d, wide ? 0xFFFFFFFF : packed.len, 4), put(d, wide ? 0xFFFFFFFF : content->len, 4);
  put(d, strlen(name), 2), put(d, wide ? 36 : 0, 2), put(d, 0, 2), put(d, 0, 2), put(d, 0, 2), put(d, 0, 4);
  put(d, wide ? 0xFFFFFFFF : at, 4), add(d, name, strlen(name));
  if (wide) {                              /* behind a field of another kind */
    put(d, 0x5455, 2), put(d, 4, 2), put(d, 0, 4);
    put(d, 1, 2), put(d, 24, 2), put(d, content->len, 8), put(d, packed.len, 8), put(d, at, 8);
  }
  z->n++;
}

static Bytes zip_end(const Zip *z, int wide, const char *comment) {
  Bytes b = z->files;
  uint64_t at = b.len, end64 = at + z->directory.len;
  add(&b, z->directory.at, z->directory.len);
  if (wide) {
    put(&b, 0x06064B50, 4), put(&b, 44, 8), put(&b, 45, 2), put(&b, 45, 2), put(&b, 0, 8);
    put(&b, (uint64_t)z->n, 8), put(&b, (uint64_t)z->n, 8), put(&b, z->directory.len, 8), put(&b, at, 8);
    put(&b, 0x07064B50, 4), put(&b, 0, 4), put(&b, end64, 8), put(&b, 1, 4);
  }
  put(&b, 0x06054B50, 4), put(&b, 0, 4);
  put(&b, wide ? 0xFFFF : (uint64_t)z->n, 2), put(&b, wide ? 0xFFFF : (uint64_t)z->n, 2);
  put(&b, wide ? 0xFFFFFFFF : z->directory.len, 4), put(&b, wide ? 0xFFFFFFFF : at, 4);
  put(&b, strlen(comment), 2), add(&b, comment, strlen(comment));
  return b;
}

static Bytes the_rows(void) { return npy(1, HEADER("<f4", "False", "(2, 3)"), SINGLES, sizeof SINGLES); }

static void archives_stored_deflated_and_of_zip64_give_their_rows(void) {
  Bytes rows = the_rows(), ids = npy(1, HEADER("|S2", "False", "(2,)"), "a\0bc", 4);
  static const int KINDS[] = { 0, ZIP_DEFLATED, ZIP_WIDE, ZIP_WIDE | ZIP_DEFLATED };
  for (size_t i = 0; i < 4; i++) {
    Zip z = { .n = 0 };
    zip_add(&z, "ids.npy", &ids, KINDS[i]);
    zip_add(&z, "emb.npy", &rows, KINDS[i]);
    zip_add(&z, "README", &ids, 0);
    Bytes b = zip_end(&z, KINDS[i] & ZIP_WIDE, i == 1 ? "a comment" : "");
    ArrayFile f;
    Error err = { "" };
    CHECK(array_file_read(&f, span_of(b.at, b.len), "v.npz", span_str(""), 0, &err) == 0 && holds_rows(&f));
    array_file_close(&f);
    CHECK(array_file_read(&f, span_of(b.at, b.len), "v.npz", span_str("emb"), 0, &err) == 0 && holds_rows(&f));
    array_file_close(&f);
    Buf text = { 0 };
    CHECK(array_file_read(&f, span_of(b.at, b.len), "v.npz", span_str(""), 1, &err) == 0 && f.rows == 2);
    CHECK(array_file_text(&f, 0, &text) == 0 && array_file_text(&f, 1, &text) == 0);
    CHECK(span_eq(buf_span(&text), span_str("abc")));
    buf_free(&text);
    array_file_close(&f);
    CHECK(refuses(b.at, b.len, "ids", "v: array \"ids\": its elements are '|S2'; float16,"));
    CHECK(refuses(b.at, b.len, "Emb", "no array \"Emb\"; it holds \"ids\" (2,), \"emb\" (2, 3)"));
  }
}

static void an_archive_of_several_matrices_or_none_lists_what_it_has(void) {
  Bytes rows = the_rows(), whole = npy(1, HEADER("<i4", "False", "(2, 3)"), SINGLES, sizeof SINGLES);
  Zip z = { .n = 0 }, none = { .n = 0 }, other = { .n = 0 }, twice = { .n = 0 };
  zip_add(&z, "a.npy", &rows, 0);
  zip_add(&z, "b.npy", &whole, 0);
  zip_add(&z, "c.npy", &rows, 0);
  Bytes b = zip_end(&z, 0, "");
  CHECK(refuses(b.at, b.len, "", "it holds several: \"a\" (2, 3), \"b\" (2, 3), \"c\" (2, 3); the name of one is"));
  zip_add(&none, "b.npy", &whole, 0);
  b = zip_end(&none, 0, "");
  CHECK(refuses(b.at, b.len, "", "it holds no array of 2 dimensions, a vector a row, but \"b\" (2, 3)"));
  zip_add(&other, "archive/data.pkl", &rows, 0);
  b = zip_end(&other, 0, "");
  CHECK(refuses(b.at, b.len, "", "a ZIP archive without a .npy file in it (a model of PyTorch?"));
  zip_add(&twice, "a.npy", &rows, 0);
  zip_add(&twice, "a.npy", &rows, 0);
  b = zip_end(&twice, 0, "");
  CHECK(refuses(b.at, b.len, "a", "more than one array \"a\""));
  b.len = 0;
  Zip empty = { .n = 0 };
  b = zip_end(&empty, 0, "");
  CHECK(refuses(b.at, b.len, "", "it holds no arrays"));
}

static void damaged_archives_are_told_in_one_sentence_each(void) {
  Bytes rows = the_rows();
  Zip z = { .n = 0 }, deflated = { .n = 0 }, secret = { .n = 0 };
  zip_add(&z, "a.npy", &rows, 0);
  Bytes b = zip_end(&z, 0, ""), bad = b;
  CHECK(refuses(b.at, b.len - 1, "", "the directory at its end is missing; is the file cut short?"));
  bad.at[z.files.len - 1] ^= 1;
  CHECK(refuses(bad.at, bad.len, "", "array \"a\" of the archive is damaged: its checksum does not fit its bytes"));
  bad = b, bad.at[0 + 26] = (char)0xFF, bad.at[0 + 27] = (char)0xFF;     /* the local header's name */
  CHECK(refuses(bad.at, bad.len, "", "a member reaches past the file's end, at byte 0"));
  bad = b, bad.at[z.files.len + 42] = 3;
  CHECK(refuses(bad.at, bad.len, "", "a member's header is not where it should be, at byte 3"));
  bad = b, bad.at[z.files.len + 10] = 12;
  CHECK(refuses(bad.at, bad.len, "a", "is packed in a way that is not known; stored and deflated are"));
  bad = b, bad.at[z.files.len] = 'Q';
  CHECK(refuses(bad.at, bad.len, "", "its directory ends early"));
  bad = b, bad.at[z.files.len + 24] += 1;                                /* its size */
  CHECK(refuses(bad.at, bad.len, "a", "stored, and its bytes are not of its size"));
  bad = b, memset(bad.at + z.files.len + 24, 0xFF, 4);
  CHECK(refuses(bad.at, bad.len, "", "a member's ZIP64 sizes are missing"));
  bad = b, bad.at[b.len - 12] = 2, bad.at[b.len - 14] = 2;               /* entries */
  CHECK(refuses(bad.at, bad.len, "", "its directory ends early"));
  bad = b, bad.at[b.len - 10] = 100;                                     /* bytes of the directory */
  CHECK(refuses(bad.at, bad.len, "", "its directory reaches past its end"));
  zip_add(&deflated, "a.npy", &rows, ZIP_DEFLATED);
  b = bad = zip_end(&deflated, 0, "");
  bad.at[30 + 5 + 20 + 8] ^= 0x55;
  CHECK(refuses(bad.at, bad.len, "a", "array \"a\" of the archive is damaged"));
  bad = b, bad.at[deflated.files.len + 27] = 1;                          /* 16 MiB of so few bytes */
  CHECK(refuses(bad.at, bad.len, "a", "so few deflated bytes cannot become its size"));
  zip_add(&secret, "a.npy", &rows, ZIP_ENCRYPTED);
  b = zip_end(&secret, 0, "");
  CHECK(refuses(b.at, b.len, "", "array \"a\" of the archive is encrypted"));
}

/* ---- lists ---- */

static void lists_of_text_and_of_whole_numbers_become_text(void) {
  static const struct { const char *header; const char *bytes; size_t len; const char *text; } LISTS[] = {
    { HEADER("<U2", "False", "(2,)"), "a\0\0\0\xE9\0\0\0\x3A\xF3\x01\0\0\0\0\0", 16, "a\xC3\xA9|\xF0\x9F\x8C\xBA|" },
    { HEADER(">U1", "False", "(2,)"), "\0\0\0a\0\0\xD8\0", 8, "a|\xEF\xBF\xBD|" },
    { HEADER("|S3", "False", "(2,)"), "x\0\0abc", 6, "x|abc|" },
    { HEADER("<i2", "False", "(2,)"), "\xFF\xFF\x00\x01", 4, "-1|256|" },
    { HEADER(">u4", "False", "(1,)"), "\xFF\xFF\xFF\xFF", 4, "4294967295|" },
    { HEADER("<i8", "True", "(1,)"), "\0\0\0\0\0\0\0\x80", 8, "-9223372036854775808|" },
    { HEADER("|u1", "False", "(0,)"), "", 0, "" },
  };
  for (size_t i = 0; i < sizeof LISTS / sizeof LISTS[0]; i++) {
    Bytes b = npy(1, LISTS[i].header, LISTS[i].bytes, LISTS[i].len);
    ArrayFile f;
    Error err = { "" };
    Buf text = { 0 };
    CHECK(array_file_read(&f, span_of(b.at, b.len), "ids.npy", span_str(""), 1, &err) == 0);
    for (uint64_t k = 0; k < f.rows; k++) CHECK(array_file_text(&f, k, &text) == 0 && buf_char(&text, '|') == 0);
    CHECK(span_eq(buf_span(&text), span_str(LISTS[i].text)));
    buf_free(&text);
    array_file_close(&f);
  }
}

/* ---- files ---- */

static void a_file_is_mapped_and_its_tensor_read(void) {
  Bytes b = tensors("{\"m\":{\"dtype\":\"I8\",\"shape\":[2,3],\"data_offsets\":[4,10]},"
                    "\"bias\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 10);
  ArrayFile f;
  Error err = { "" };
  float x[3];
  CHECK(array_file_open(&f, write_bytes("m.bin", b.at, b.len), span_str(""), &err) == 0);
  CHECK(f.rows == 2 && f.dim == 3);
  array_file_row(&f, 1, x);
  CHECK(x[0] == 8 && x[1] == 9 && x[2] == 10);
  array_file_close(&f);
  array_file_close(&f);
  CHECK(refuses(b.at, b.len, "bias", "the shape of tensor \"bias\" is (1,); needed is an array of 2 dimensions"));
  b = tensors("{\"m\":{\"dtype\":\"U8\",\"shape\":[2,3],\"data_offsets\":[0,6]}}", 6);
  CHECK(refuses(b.at, b.len, "m", "the type of tensor \"m\" is U8; F16, BF16, F32, F64 and I8 are read"));
  CHECK(refuses(b.at, b.len, "", "it holds no array of 2 dimensions, a vector a row, but \"m\" (2, 3)"));
}

static void a_path_that_cannot_be_read_says_why(void) {
  ArrayFile f;
  Error err = { "" };
  CHECK(array_file_open(&f, file_path("none.npy"), span_str(""), &err) == -1);
  CHECK(strstr(err.text, "cannot read ") != NULL && strstr(err.text, "none.npy: No such file") != NULL);
  CHECK(array_file_open(&f, "/", span_str(""), &err) == -1 && strcmp(err.text, "/ is no file") == 0);
  CHECK(array_file_open(&f, write_bytes("empty.npy", "", 0), span_str(""), &err) == -1);
  CHECK(strstr(err.text, "empty.npy: no .npy, .npz or safetensors file, by its first bytes: it is empty") != NULL);
}

/* ---- ids ---- */

static void an_interrupt_ends_the_reading_of_ids(void) {
  Ids ids = { 0 };
  Error err = { "" };
  interrupt_raise();
  CHECK(ids_lines(&ids, span_str("a\nb\n"), 0, span_str(""), &err) == POOL_INTERRUPTED && ids.n == 0);
  interrupt_clear();
  CHECK(ids_lines(&ids, span_str("a\nb\n"), 0, span_str(""), &err) == 0 && ids.n == 2);
  interrupt_raise();
  CHECK(ids_close(&ids, &err) == POOL_INTERRUPTED && err.text[0] == '\0');
  interrupt_clear();
  ids_free(&ids);
}

int main(void) {
  RUN(arrays_of_every_format_type_and_order_give_the_same_rows);
  RUN(arrays_that_are_not_read_are_told_in_one_sentence_each);
  RUN(a_numpy_file_cut_anywhere_says_so);
  RUN(bytes_of_no_known_kind_say_so);
  RUN(archives_stored_deflated_and_of_zip64_give_their_rows);
  RUN(an_archive_of_several_matrices_or_none_lists_what_it_has);
  RUN(damaged_archives_are_told_in_one_sentence_each);
  RUN(lists_of_text_and_of_whole_numbers_become_text);
  RUN(a_file_is_mapped_and_its_tensor_read);
  RUN(a_path_that_cannot_be_read_says_why);
  RUN(every_finite_half_is_the_number_it_stands_for);
  RUN(infinite_halves_and_those_that_are_no_number_stay_so);
  RUN(elements_become_floats_in_either_byte_order_and_at_any_step);
  RUN(tensors_are_found_by_name_with_type_shape_and_bytes);
  RUN(a_type_that_is_not_known_is_told_apart_and_does_not_spoil_the_file);
  RUN(damaged_safetensors_are_told_in_one_sentence_each);
  RUN(bytes_that_are_no_safetensors_file_say_so);
  RUN(an_interrupt_ends_the_reading_of_ids);
  remove_files();
  return check_done();
}
