/* runtime/purity.h - a sum over all that a Lua function can reach and change: its upvalues, those
** of the functions among them, and the tables among them, to their last scalar. */
#ifndef TAMIS_PURITY_H
#define TAMIS_PURITY_H

#include <lua.h>
#include <stdint.h>

/* The sum of the function at idx. Looks at no more than `most` values; past that it sums up what it
** saw. Pushes and pops, and may raise for want of memory. [-0, +0, m] */
uint64_t purity_sum(lua_State *L, int idx, size_t most);

#endif
