/* modules/corpus/group.h - the inside of an Out, for rowop.c and group.c only.
**
** Each worker of a group has one Out. It buffers what operators say of the rows of one chunk;
** a finished chunk's buffers are set aside, and only when the whole group has succeeded are
** they committed, in order of chunks: so the result does not know which worker came first,
** and a group that fails leaves nothing. Metrics alone go straight into their columns, which
** belong to the child view and are dropped with it. */
#ifndef TAMIS_GROUP_H
#define TAMIS_GROUP_H

#include "corpus/json.h"
#include "corpus/scratch.h"

typedef struct NoteRec { uint32_t row, name, value; } NoteRec;
/* The next n records of `edit` are this row's, the last of them replaced ones (view.h). */
typedef struct EditRow { uint32_t row, n, replaced; } EditRow;

/* What a chunk of rows gave. */
typedef struct ChunkOut {
  size_t nverdicts, cap_verdicts;
  Verdict *verdict;       /* rows ascending, .more set within a row */
  size_t nedits, cap_edits;
  Edit *edit;
  size_t nedit_rows, cap_edit_rows;
  EditRow *edit_row;      /* rows ascending */
  size_t nnotes, cap_notes;
  NoteRec *note;
  Arena arena;            /* texts of all those */
} ChunkOut;

enum { OUT_REASONS = 8 };

struct Out {
  Row row;
  Names *names;
  uint16_t stage;           /* of the operator that runs */
  int rejected;             /* by an operator of this group */
  double **metric;          /* columns of the operator that runs */
  const uint32_t *field_id; /* [FIELD_COUNT + 1] names ids of field names */
  uint32_t flagged_id;      /* names id of "flagged" */
  ChunkOut chunk;
  size_t row_verdicts;      /* index in chunk.verdict where the current row begins */
  struct { Span text; uint32_t id; } reason[OUT_REASONS];   /* ids of reasons last used */
  unsigned next_reason;
  Buf text;                 /* for evidence in the making */
  JsonDoc doc;              /* for edits of strings that are JSON themselves */
  Error err;
  GroupTime *time;          /* [operators + 1] of this worker, or NULL: nobody asked */
  double *took;             /* [operators + 1] seconds on the current row; -1: not called */
};

void out_begin_row(Out *o);
int out_end_row(Out *o);    /* seals the row's verdicts, takes over its edits and notes. 0 or -1 */

#endif
