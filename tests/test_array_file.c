/* tests/test_array_file.c - files of arrays, byte for byte from the published formats */
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "check.h"
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
    if ((h >> 10 & 31) != 31) wrong += (double)element_half((uint16_t)h) != half_by_definition(h);
  CHECK(wrong == 0);
  CHECK(signbit(element_half(0x8000)) != 0);
}

static void infinite_halves_and_those_that_are_no_number_stay_so(void) {
  CHECK(element_half(0x7C00) == INFINITY);
  CHECK(element_half(0xFC00) == -INFINITY);
  int numbers = 0;
  for (unsigned f = 1; f < 1024; f++) numbers += !isnan(element_half((uint16_t)(0x7C00 | f)));
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

int main(void) {
  RUN(every_finite_half_is_the_number_it_stands_for);
  RUN(infinite_halves_and_those_that_are_no_number_stay_so);
  RUN(elements_become_floats_in_either_byte_order_and_at_any_step);
  RUN(tensors_are_found_by_name_with_type_shape_and_bytes);
  RUN(a_type_that_is_not_known_is_told_apart_and_does_not_spoil_the_file);
  RUN(damaged_safetensors_are_told_in_one_sentence_each);
  RUN(bytes_that_are_no_safetensors_file_say_so);
  return check_done();
}
