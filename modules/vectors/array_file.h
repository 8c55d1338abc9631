/* modules/vectors/array_file.h - a file of vectors, one a row: NumPy's .npy and .npz, and safetensors; told apart by
** their first bytes, not by their names.
**
**   ArrayFile f;
**   if (array_file_open(&f, "v.npz", span_str("embeddings"), &err) == 0) {
**     for (uint64_t i = 0; i < f.rows; i++) array_file_row(&f, i, x);      // x[f.dim]
**     array_file_close(&f);
**   }
**
** The file is mapped: nothing is read that is not asked for, but for arrays that .npz holds deflated. */
#ifndef TAMIS_ARRAY_FILE_H
#define TAMIS_ARRAY_FILE_H

#include "core/buf.h"
#include "core/error.h"
#include "corpus/map.h"
#include "vectors/element.h"

typedef struct ArrayFile {
  FileMap map;
  char *path, *unpacked;      /* owned; unpacked: what was deflated */
  const char *data;           /* in one of the two */
  uint64_t rows;
  uint32_t dim;               /* 1 to VECTORS_MAX_DIM */
  ElementType type;
  int swap;                   /* the elements' byte order is not this machine's */
  int columns;                /* Fortran order: columns lie end to end, not rows */
  char text;                  /* of a list: 'U', 'S', 'i' or 'u', as NumPy calls them */
  uint32_t size;              /* of a list: bytes an element */
} ArrayFile;

/* Opens the matrix of that name; of a file with one matrix of floats, "" means that. Its elements are F16, BF16, F32,
** F64, in safetensors also I8. 0; -1 with err worded, path first, and *f empty; POOL_INTERRUPTED, *f empty. */
int array_file_open(ArrayFile *f, const char *path, Span name, Error *err);
/* Row `row` into out[dim]; any thread. */
void array_file_row(const ArrayFile *f, uint64_t row, float *out);

/* The same, but of what an archive holds deflated only the head is unpacked: rows and dim are told, no row can be
** read. */
int array_file_look(ArrayFile *f, const char *path, Span name, Error *err);

/* Opens a list, one text or whole number a row: of NumPy's files only. The same results. */
int array_file_open_list(ArrayFile *f, const char *path, Span name, Error *err);
/* Appends element i of a list as text: UTF-8, decimal digits. 0; -1 if out of memory. */
int array_file_text(const ArrayFile *f, uint64_t i, Buf *out);

void array_file_close(ArrayFile *f);     /* an empty one is left alone */

/* The same of bytes that lie elsewhere, for tests; name stands in the messages. */
int array_file_read(ArrayFile *f, Span bytes, const char *name, Span array, int list, Error *err);

#endif
