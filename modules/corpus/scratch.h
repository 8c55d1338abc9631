/* modules/corpus/scratch.h - the inside of a Scratch, for row.c and the group runner only. */
#ifndef TAMIS_SCRATCH_H
#define TAMIS_SCRATCH_H

#include "corpus/json.h"
#include "corpus/logs.h"

typedef struct RowLeft { const void *owner; void *what; } RowLeft;   /* what operators share */
typedef struct RowNote { uint32_t name, value; } RowNote;   /* an annotation: two names ids */

struct Scratch {
  int worker;
  int failed;             /* an accessor ran out of memory on this row */
  int edits_loaded;       /* edit[] holds the view's edits of this row */
  int edited;             /* this row was edited since scratch_begin */
  int strings_ready;      /* string[] is filled */
  uint32_t have;          /* bit f: field[f] is known */
  Span field[FIELD_COUNT];
  Arena room;             /* decoded texts, operators' room; emptied by scratch_begin */
  size_t nedits, cap_edits;
  Edit *edit;             /* [nedits] by place */
  size_t nreplaced, cap_replaced;
  Edit *replaced;         /* [nreplaced] edits that another stage's edit of that string replaced */
  size_t nstrings, cap_strings;
  RowString *string;      /* [nstrings] by place */
  int paths_begun;
  JsonPaths paths;        /* where the last path that was asked for stands */
  size_t nnotes, cap_notes;
  RowNote *note;          /* annotations that earlier operators of the group gave this row */
  size_t nleft, cap_left;
  RowLeft *left;          /* [nleft] */
};

/* row_edit by that stage, for texts that outlive the Scratch's stay on this row: not copied. */
int scratch_edit(Row *r, uint32_t start, uint32_t raw_len, Span text, Span spans, uint16_t stage);
/* The edits of the row now: the view's and those made since. */
size_t scratch_edits(const Row *r, const Edit **out);
int scratch_note(Scratch *s, uint32_t name, uint32_t value);   /* replaces one of that name */

#endif
