/* runtime/rowproxy.h - `ex`: the row that a recipe's function looks at, without a copy of it.
**   ex.input ex.output ex.system ex.alternative ex.assistant   texts, edits applied; nil if absent
**   ex.topic, ex["metadata.queue"]     an annotation, a path of the row or its source's attribute
**   ex.raw                             the row's JSON, read-only, exact integers, s.null for null */
#ifndef TAMIS_ROWPROXY_H
#define TAMIS_ROWPROXY_H

#include <lua.h>

#include "corpus/row.h"

typedef struct RowProxy {
  Row *row;       /* NULL while no function runs: then reading it is an error */
  int has_raw;    /* user value 1 holds this row's raw */
} RowProxy;

/* Pushes a proxy that is on no row yet; the pointer lives as long as the userdata. [-0, +1, e] */
RowProxy *rowproxy_push(lua_State *L);
/* Pushes a field's text, or nil if the row has none. [-0, +1, m] */
void rowproxy_field(lua_State *L, const Row *row, Field f);

#endif
