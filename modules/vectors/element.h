/* modules/vectors/element.h - the numbers that files of arrays hold, and how they become floats.
** What a type is named here is what safetensors calls it; NumPy's own spelling is npy.c's affair. */
#ifndef TAMIS_ELEMENT_H
#define TAMIS_ELEMENT_H

#include "core/span.h"

typedef enum ElementType {
  ELEMENT_F16, ELEMENT_BF16, ELEMENT_F32, ELEMENT_F64, ELEMENT_I8,   /* these can become floats */
  ELEMENT_U8, ELEMENT_I16, ELEMENT_U16, ELEMENT_I32, ELEMENT_U32, ELEMENT_I64, ELEMENT_U64,
  ELEMENT_BOOL, ELEMENT_F8_E5M2, ELEMENT_F8_E4M3,
  ELEMENT_OTHER                                                      /* of a size that is not known */
} ElementType;

size_t element_size(ElementType type);             /* bytes; 0 for ELEMENT_OTHER */
const char *element_name(ElementType type);        /* "F16" */
ElementType element_type(Span name);               /* ELEMENT_OTHER if it is none of them */
static inline int element_is_number(ElementType type) { return type <= ELEMENT_I8; }

/* n elements of a type that can become floats, at any address, `step` bytes from one to the next (element_size: side
** by side); swap: they are in the other byte order than this machine's. An F64 past a float's range becomes an
** infinity; everything else is exact but for the rounding of F64. */
void element_floats(ElementType type, const void *from, size_t step, size_t n, int swap, float *to);

#endif
