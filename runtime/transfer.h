/* runtime/transfer.h - plain data from one Lua state to another, by copy.
** nil, booleans, numbers, strings, null (a light userdata NULL) and tables of them, keys in sorted
** order, so that equal data is equal bytes. A function becomes a marker: its number in a list that
** the writing state keeps, and where it was defined. Nothing else crosses. */
#ifndef TAMIS_TRANSFER_H
#define TAMIS_TRANSFER_H

#include <lua.h>

#include "core/buf.h"

enum { TRANSFER_MAX_DEPTH = 60 };

#define MARKER_TYPE "tamis.function"   /* metatable of the tables that stand for functions */

/* Appends the value at idx to b. functions: index of the table that collects functions, or 0:
** then a function is an error. Raises in L (protected!) for what cannot cross. [-0, +0, e] */
void transfer_write(lua_State *L, int idx, int functions, Buf *b);
/* Pushes the value that stands at *at in bytes and moves *at behind it. [-0, +1, e] */
void transfer_read(lua_State *L, Span bytes, size_t *at);

#endif
