/* modules/vectors/ids.h - names of the rows of an array, one an array row, and where each stands.
**
**   Ids ids = { 0 };
**   ids_lines(&ids, file, 0, span_str(""), &err);           // or ids_add, one after another
**   if (ids_close(&ids, &err) == 0) place = ids_find(&ids, span_str("t-17"));
**   ids_free(&ids); */
#ifndef TAMIS_IDS_H
#define TAMIS_IDS_H

#include "core/buf.h"
#include "core/error.h"
#include "corpus/json.h"

#define IDS_NONE UINT32_MAX

typedef struct Ids {
  Buf text;            /* all of them, end to end */
  size_t *end;         /* [n] where each ends */
  size_t n, cap;
  uint32_t *table;     /* [mask + 1] made by ids_close: open addressing, IDS_NONE where empty */
  uint32_t mask;
} Ids;

int ids_add(Ids *ids, Span id);                  /* an empty one is nobody's. 0, or -1 if out of memory */
/* The lines of a file, each an id; json: each line that is not blank is a JSON string or number, or an object with one
** of them at `path`. 0; -1 with err worded (the line's number in it); POOL_INTERRUPTED. */
int ids_lines(Ids *ids, Span file, int json, Span path, Error *err);
/* ids_lines of the file at path, and ids_close. 0; -1 with err worded, the path first; POOL_INTERRUPTED. */
int ids_file(Ids *ids, const char *path, int json, Span at, Error *err);
/* The elements of a list in one of NumPy's files (array_file.h), and ids_close; none is read where there are
** not as many as `rows`. The same results. */
int ids_array(Ids *ids, const char *path, Span array, uint64_t rows, Error *err);
/* No more come. 0; -1 with err worded: one stands twice, more than 2^31, out of memory; POOL_INTERRUPTED. */
int ids_close(Ids *ids, Error *err);
uint32_t ids_find(const Ids *ids, Span id);      /* its place from 0; IDS_NONE */
Span ids_at(const Ids *ids, size_t i);
void ids_free(Ids *ids);                         /* an empty one is left alone */

/* The id that a JSON value is: a string's text, decoded into room where it has escapes; a number as it is written.
** ptr NULL: it is neither. 0, or -1 if out of memory. */
int ids_of_value(const JsonValue *v, Buf *room, Span *id);

#endif
