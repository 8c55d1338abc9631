/* modules/vectors/element.c - see element.h */
#include "vectors/element.h"

#include "vectors/half.h"

static const struct { const char *name; size_t size; } ELEMENTS[] = {
  [ELEMENT_F16] = { "F16", 2 }, [ELEMENT_BF16] = { "BF16", 2 }, [ELEMENT_F32] = { "F32", 4 },
  [ELEMENT_F64] = { "F64", 8 }, [ELEMENT_I8] = { "I8", 1 },     [ELEMENT_U8] = { "U8", 1 },
  [ELEMENT_I16] = { "I16", 2 }, [ELEMENT_U16] = { "U16", 2 },   [ELEMENT_I32] = { "I32", 4 },
  [ELEMENT_U32] = { "U32", 4 }, [ELEMENT_I64] = { "I64", 8 },   [ELEMENT_U64] = { "U64", 8 },
  [ELEMENT_BOOL] = { "BOOL", 1 }, [ELEMENT_F8_E5M2] = { "F8_E5M2", 1 }, [ELEMENT_F8_E4M3] = { "F8_E4M3", 1 },
  [ELEMENT_OTHER] = { "a type that is not known", 0 },
};

size_t element_size(ElementType type) { return ELEMENTS[type].size; }
const char *element_name(ElementType type) { return ELEMENTS[type].name; }

ElementType element_type(Span name) {
  int type = 0;
  while (type < ELEMENT_OTHER && !span_eq(name, span_str(ELEMENTS[type].name))) type++;
  return (ElementType)type;
}

static uint16_t load16(const char *p, int swap) {
  uint16_t v;
  memcpy(&v, p, sizeof v);
  return swap ? __builtin_bswap16(v) : v;
}

static float load_float(const char *p, int swap) {
  uint32_t v;
  float f;
  memcpy(&v, p, sizeof v);
  if (swap) v = __builtin_bswap32(v);
  memcpy(&f, &v, sizeof f);
  return f;
}

static float load_double(const char *p, int swap) {
  uint64_t v;
  double d;
  memcpy(&v, p, sizeof v);
  if (swap) v = __builtin_bswap64(v);
  memcpy(&d, &v, sizeof d);
  return (float)d;
}

static float load_bfloat(const char *p, int swap) {
  uint32_t bits = (uint32_t)load16(p, swap) << 16;
  float f;
  memcpy(&f, &bits, sizeof f);
  return f;
}

void element_floats(ElementType type, const void *from, size_t step, size_t n, int swap, float *to) {
  const char *p = from;
  if (type == ELEMENT_F32 && !swap && step == sizeof *to) {
    if (n > 0) memcpy(to, p, n * sizeof *to);
    return;
  }
  if (type == ELEMENT_F16 && !swap && step == 2 && ((uintptr_t)p & 1) == 0) {
    half_to_floats(from, n, to);
    return;
  }
  for (size_t i = 0; i < n; i++, p += step)
    switch (type) {
      case ELEMENT_F16: to[i] = half_value(load16(p, swap)); break;
      case ELEMENT_BF16: to[i] = load_bfloat(p, swap); break;
      case ELEMENT_F32: to[i] = load_float(p, swap); break;
      case ELEMENT_F64: to[i] = load_double(p, swap); break;
      default: to[i] = (float)*(const signed char *)p; break;
    }
}
