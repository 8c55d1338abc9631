/* runtime/transfer.h - plain data from one Lua state to another, by copy.
** nil, booleans, numbers, strings, null (a light userdata NULL) and tables of them, keys in sorted
** order, so that equal data is equal bytes. A function becomes a marker, a userdata on the trusted
** side: its number in a list that the writing state keeps, and where it was defined; a marker that
** goes back becomes that function again. Nothing else crosses. */
#ifndef TAMIS_TRANSFER_H
#define TAMIS_TRANSFER_H

#include <lua.h>

#include "core/buf.h"

enum { TRANSFER_MAX_DEPTH = 60 };

#define MARKER_TYPE "tamis.function"      /* userdata: a Marker */
#define FUNCTIONS_KEY "tamis.functions"   /* registry of a recipe's state: the list of its functions */

typedef struct Marker {
  int64_t number;
  int line;            /* where the function begins */
  char file[];
} Marker;

/* Makes the metatable of markers: .number .file .line. Trusted states only. [-0, +0, m] */
void transfer_open_markers(lua_State *L);

/* Appends the value at idx to b. functions: index of the table that collects functions, or 0:
** then a function is an error. Raises in L (protected!) for what cannot cross. [-0, +0, e] */
void transfer_write(lua_State *L, int idx, int functions, Buf *b);
/* Pushes the value that stands at *at in bytes and moves *at behind it. [-0, +1, e] */
void transfer_read(lua_State *L, Span bytes, size_t *at);

#endif
