/* modules/neardup/rank.c - see rank.h */
#include "neardup/rank.h"

#include <math.h>
#include <stdlib.h>

#include "stats/times.h"

enum { LONGEST_NUMBER = 63 };

typedef struct RankOp {
  RowOp op;
  int times;
  size_t len;
  char key[];
} RankOp;

/* A text that is a number and nothing else. */
static double number_of(Span text) {
  char room[LONGEST_NUMBER + 1], *end;
  if (text.len == 0 || text.len > LONGEST_NUMBER) return NAN;
  memcpy(room, text.ptr, text.len);
  room[text.len] = '\0';
  double value = strtod(room, &end);
  return end == room + text.len ? value : NAN;
}

static double rank_of(Value v, int times) {
  double seconds;
  switch (v.type) {
    case VALUE_INT: case VALUE_BOOL: return (double)v.integer;
    case VALUE_DOUBLE: return v.number;
    case VALUE_STRING: return times && time_parse(v.text, &seconds) == 0 ? seconds : number_of(v.text);
    default: return NAN;
  }
}

static int run(const RowOp *base, Row *row, Out *out) {
  const RankOp *r = (const RankOp *)base;
  return out_metric(out, 0, rank_of(row_key(row, span_of(r->key, r->len)), r->times));
}

static void destroy(RowOp *op) { free(op); }

RowOp *rank_op(Span key, int times) {
  RankOp *r = malloc(sizeof *r + key.len + 1);
  if (r == NULL) return NULL;
  rowop_init(&r->op, run, destroy);
  r->times = times;
  r->len = key.len;
  memcpy(r->key, key.ptr, key.len);
  if (rowop_add_metric(&r->op, "rank") == 0) return &r->op;
  rowop_unref(&r->op);
  return NULL;
}
