/* modules/vectors/npy.h - what a NumPy .npy file says of the array it holds.
**
**   \x93NUMPY | major minor | length of header: 2 bytes (format 1) or 4 (2, 3), little-endian | header | elements
**   header: {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), } and blanks to a multiple of 64
**
** The header is a Python literal; of Python this reads what NumPy writes and no more. Formats 1, 2 and 3, after NumPy's
** own page "numpy.lib.format". */
#ifndef TAMIS_NPY_H
#define TAMIS_NPY_H

#include "core/error.h"
#include "vectors/element.h"

enum {
  NPY_MAX_DIMS = 32,               /* as NumPy's */
  NPY_MAX_HEADER = 65535,          /* bytes of a header; the longest of format 1 */
  NPY_MAX_HEAD = 12 + NPY_MAX_HEADER
};

typedef struct Npy {
  Span descr;                      /* the type as written, without quotes; points into the file */
  char kind;                       /* 'f', 'i', 'u', 'S' bytes, 'U' code points of 4 bytes, 'O', …; 0: a record */
  uint32_t size;                   /* bytes of an element */
  int swap;                        /* its byte order is not this machine's */
  int fortran;                     /* columns, not rows, lie end to end */
  uint32_t ndim;
  uint64_t shape[NPY_MAX_DIMS];
  size_t begin;                    /* where the elements begin */
} Npy;

/* Reads the header from the front of a file, whose first NPY_MAX_HEAD bytes are enough. 0; -1 with err worded. */
int npy_read(Npy *a, Span head, Error *err);
int npy_is(Span head);             /* does it begin as one? */

/* The elements of the array in `file`, whole and nothing behind them. 0; -1 with err worded. */
int npy_elements(const Npy *a, Span file, Span *elements, Error *err);
/* The float type of the elements; ELEMENT_OTHER if they are none that is read. */
ElementType npy_float(const Npy *a);
/* Its shape as Python writes it: (3, 4), into out[64]; cut with … where it is longer. Returns out. */
char *npy_shape(const Npy *a, char out[64]);

#endif
