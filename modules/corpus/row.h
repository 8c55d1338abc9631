/* modules/corpus/row.h - one row as a stage sees it: fields, strings, paths, with the edits of
** earlier operators already in.
**
** A Row is valid while its Scratch stays on it. Spans it hands out point into the map or into
** the Scratch and live until scratch_begin is called for another row, or, where the string
** they come from is edited, until that edit. */
#ifndef TAMIS_ROW_H
#define TAMIS_ROW_H

#include "core/buf.h"
#include "corpus/corpus.h"
#include "corpus/names.h"

typedef struct View View;
typedef struct Scratch Scratch;

typedef struct Row {
  const View *view;
  const Corpus *corpus;
  uint32_t index;
  Scratch *scratch;
} Row;

/* One string value of a row (keys are none): of the format, or any other ("other"). */
typedef struct RowString {
  Span text;          /* decoded UTF-8, edits applied; a lone surrogate in an "other" string reads as U+FFFD */
  uint32_t start;     /* raw place in the row's original bytes, behind the quote; names the string */
  uint32_t raw_len;
  uint8_t field;      /* Field, FIELD_NONE for "other" */
  uint8_t flags;      /* STRING_… */
  uint16_t turn;
} RowString;

/* worker: which thread of the pool this scratch serves (0 .. threads-1): operators that keep
** something a thread find it by that. */
Scratch *scratch_new(int worker);       /* NULL if out of memory */
void scratch_free(Scratch *s);
int scratch_worker(const Scratch *s);
/* Puts s on that row of view and returns the Row. The row must be ROW_OK for fields. */
Row scratch_begin(Scratch *s, const View *view, uint32_t row);
/* The same, but the row as it was read: no edit is seen. */
Row scratch_begin_as_read(Scratch *s, const View *view, uint32_t row);
/* Room for an operator's own work on this row; at least `len` bytes, uninitialised, valid until
** the next scratch_begin. NULL if out of memory. */
void *scratch_room(Scratch *s, size_t len);
/* What an operator found on this row and others may take over: kept under `owner`, an address that those
** who share it know, until the next scratch_begin; `what` lies in scratch_room. 0, or -1 if out of memory. */
int scratch_leave(Scratch *s, const void *owner, void *what);
void *scratch_left(const Scratch *s, const void *owner);   /* NULL: nothing was left */
int scratch_failed(const Scratch *s);   /* an accessor below ran out of memory and gave an empty text */

/* Is the line valid JSON, though perhaps no row of its format? Paths and strings of one that is
** not are none. */
int row_is_json(const Row *r);
Span row_bytes(const Row *r);                    /* original line, before edits */
Span row_field(const Row *r, Field f);           /* joined by line feeds; ptr NULL if the row has no such string */
size_t row_field_strings(const Row *r, Field f, RowString *out, size_t cap);   /* how many there are; fills up to cap */
/* Every string value of the row but the one at the corpus' id_path, in order of the line. */
size_t row_strings(const Row *r, const RowString **out);
/* The place of a string as people write it: messages[2].content. 0, or -1 if out of memory. */
int row_string_path(const Row *r, uint32_t start, Buf *out);

/* The value at a path ("metadata.queue", "tags[0]") of the row's JSON, edits applied:
** a string, number or boolean; VALUE_NONE where there is none, or an object, array or null.
** A string's text lives as the Row's spans do. */
Value row_path(const Row *r, Span path);
/* The same for `by = "topic"`: the view's annotation of that name, else the row's path, else the
** source's attribute (kind, generator, its own) of that name, else VALUE_NONE. */
Value row_key(const Row *r, Span name);

/* The annotation of that name, else the source's attribute; a path of the row is none. */
Value row_annotation(const Row *r, Span name);

/* For the group runner and Lua row functions: replaces a string for all that comes later on
** this row in this scratch. text is copied. 0, or -1 if out of memory. */
int row_edit(Row *r, uint32_t start, Span text);
/* The edited text of the string that starts there, or NULL; struct Edit is in view.h. */
const struct Edit *row_edit_at(const Row *r, uint32_t start);

#endif
