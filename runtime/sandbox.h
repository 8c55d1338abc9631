/* runtime/sandbox.h - a Lua state for a recipe: somebody else's program.
**
** It is built from an allow-list: the parts of the standard library that only compute (no os, io,
** debug, package, string.dump, bytecode, __gc), with three limits. Work: VM instructions, bytes
** allocated and steps of pattern matching, in one count a call from the host; once it is spent the
** state is dead, and every further instruction in it raises, so that pcall cannot go on. Memory:
** the allocator refuses. Time: a net under the two. Libraries are read-only, `pairs` visits keys
** in sorted order, undefined globals are errors.
**
** Rule for the host: whatever may raise runs in sandbox_call. */
#ifndef TAMIS_SANDBOX_H
#define TAMIS_SANDBOX_H

#include <lua.h>
#include <stddef.h>
#include <stdint.h>

typedef struct SandboxLimits {
  uint64_t work;      /* units one call may use: about one a VM instruction; 0: no limit */
  size_t memory;      /* bytes of the whole state; 0: no limit */
  double seconds;     /* one call may take; 0: no limit */
} SandboxLimits;

typedef enum SandboxDeath { ALIVE, DEAD_WORK, DEAD_TIME, DEAD_INTERRUPTED } SandboxDeath;

typedef struct Sandbox {
  lua_State *L;
  SandboxLimits limit;
  size_t memory;          /* bytes in use */
  uint64_t work;          /* spent by this call */
  double started;         /* CPU time of the first tick of this call; 0 before it */
  SandboxDeath dead;
  int frozen;             /* row functions run: globals may not be assigned, nothing is loaded */
  int trace;              /* errors carry a traceback */
  void *owner;            /* whoever made it; for its own C functions */
} Sandbox;

/* Makes a state with the library above, at *s, which must stay where it is. 0; -1 if out of memory. */
int sandbox_open(Sandbox *s, SandboxLimits limit);
void sandbox_close(Sandbox *s);          /* an empty one is left alone */
Sandbox *sandbox_of(lua_State *L);

/* Calls the function below nargs values, with a fresh budget of work. Like lua_pcall; on failure
** one string is on top, what went wrong, and the status is returned. [-(nargs+1), +nresults|1, -] */
int sandbox_call(Sandbox *s, int nargs, int nresults);

/* ---- for C functions that run inside ---- */

/* Pays for work that the hook cannot see; raises when the budget is spent. [-0, +0, v] */
void sandbox_charge(lua_State *L, uint64_t work);
/* Raises if the state is dead. [-0, +0, v] */
void sandbox_check(lua_State *L);
/* Work that is left. */
uint64_t sandbox_left(lua_State *L);
/* Marks it dead for want of work, and raises. */
int sandbox_exhausted(lua_State *L);
/* Replaces the table on top by a read-only stand-in for it. [-1, +1, m] */
void sandbox_readonly(lua_State *L);

/* Makes the functions of the module on top pay for the texts and tables they are given. [-0, +0, m] */
void sandbox_charged(lua_State *L);

/* The libraries, each leaving its table on the stack (sandbox_lib.c, sandbox_string.c). */
void sandbox_open_base(lua_State *L);        /* sets globals in the table on top; [-0, +0, e] */
void sandbox_open_string(lua_State *L);      /* [-0, +1, e] */

#endif
