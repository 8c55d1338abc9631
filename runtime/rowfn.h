/* runtime/rowfn.h - functions of a recipe that look at rows: as row operators, and as the run of a
** corpus stage. Each worker of the pool calls the function of its own state.
**
** A row function must be pure. What it can reach, its upvalues and theirs with the tables in them,
** is summed up before the first row, every few thousand rows and at the end: a changed sum is an
** error. A serial function runs in row order on one state and may keep what it likes. */
#ifndef TAMIS_ROWFN_H
#define TAMIS_ROWFN_H

#include "corpus/rowop.h"
#include "corpus/view.h"
#include "runtime/recipe.h"

/* row: filter or map, by what it returns; rank: a number, the metric "rank"; topic: a text, the spec's annotation */
typedef enum RowFnKind { ROWFN_FILTER, ROWFN_MAP, ROWFN_ROW, ROWFN_RANK, ROWFN_TOPIC } RowFnKind;

typedef struct RowFnSpec {
  lua_Integer number;     /* of the function, in the plan */
  RowFnKind kind;
  const char *stage;      /* the reason of a plain false */
  const char *file;       /* where the function stands */
  int line;
  int threads;            /* workers that may call it */
  int serial;
  Span params;            /* transfer bytes of its second argument; empty: none */
  const char *annotation, *otherwise;   /* topic: the name of what is set, and its text where nil is returned */
} RowFnSpec;

/* A row operator over that function. Loads the states it needs. NULL with err worded. */
RowOp *rowfn_new(Recipe *r, const RowFnSpec *spec, Error *err);
/* A row operator over the function at the top of L, which is popped: it runs in L's own global state,
** without limits, row by row in order. For what the user types (REPL), never for a recipe's. Of the spec
** kind, stage, annotation and otherwise count. NULL with err worded. [-1, +0, m] */
RowOp *rowfn_here(lua_State *L, const RowFnSpec *spec, Error *err);
/* After a group: has the function changed what it must not? 0; -1 with err worded. */
int rowfn_check(const RowOp *op, Error *err);

/* The operator that function `number`, a stage's `op`, returns for params (transfer bytes): one
** reference. NULL with err worded. */
RowOp *rowfn_native(Recipe *r, lua_Integer number, Span params, Error *err);

/* Calls function `number`, a corpus stage's `run`, with a handle of the view (void afterwards) and
** params. Its verdicts; NULL with err worded. */
VerdictList *handle_run(Recipe *r, lua_Integer number, View *v, Span params, Error *err);

#endif
