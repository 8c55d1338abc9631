/* modules/vectors/safetensors.h - which tensors a .safetensors file holds, and where their bytes lie.
**
**   length of the header, 8 bytes little-endian | header | bytes of all tensors, end to end
**   header: {"name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, …, "__metadata__": {…}}
**
** The format as its maker defines it (github.com/huggingface/safetensors, README, "Format"), held to the byte: names
** once, every size as its shape and type say, no hole, no overlap, nothing behind the last tensor. */
#ifndef TAMIS_SAFETENSORS_H
#define TAMIS_SAFETENSORS_H

#include "core/error.h"
#include "vectors/element.h"

enum { SAFETENSORS_MAX_DIMS = 8 };

typedef struct SafeTensor {
  Span name;                /* decoded; lives as long as the SafeTensors */
  ElementType type;         /* little-endian; ELEMENT_OTHER: a type that is not known */
  Span type_name;           /* as the file spells it; points into the file */
  uint32_t ndim;            /* 0: one number */
  uint64_t shape[SAFETENSORS_MAX_DIMS];
  Span bytes;               /* row major, in the file; at any alignment */
} SafeTensor;

typedef struct SafeTensors {
  SafeTensor *tensor;       /* [n] owned, in the order of their bytes */
  size_t n, cap;
  char *names;              /* owned */
} SafeTensors;

/* Reads the header of a whole file, which must outlive *s. 0; -1 with err worded and *s empty. */
int safetensors_read(SafeTensors *s, Span file, Error *err);
/* The tensor of that name; NULL if there is none. */
const SafeTensor *safetensors_get(const SafeTensors *s, Span name);
void safetensors_free(SafeTensors *s);   /* an empty one is left alone */

#endif
