/* modules/modules.h - the one list of native modules that Lua can `require`. */
#ifndef TAMIS_MODULES_H
#define TAMIS_MODULES_H

#include <lua.h>

enum {
  MODULE_TRUSTED = 1,   /* the embedded scripts may require it */
  MODULE_RECIPE  = 2    /* a recipe may too: it only computes, and touches no file, host or process */
};

typedef struct Module {
  const char *name;
  lua_CFunction open;
  int flags;
  const char *doc;      /* one line for `tamis help NAME` */
} Module;

extern const Module modules[];   /* ends with a NULL name */

#endif
