/* modules/export/lua_export.h - where each row of a run went, as a userdata. */
#ifndef TAMIS_LUA_EXPORT_H
#define TAMIS_LUA_EXPORT_H

#include <lua.h>

#include "export/export.h"

#define OUTPUTS_TYPE "tamis.outputs"   /* userdata: an ExportOutputs *, freed by its __gc */
/* The outputs at arg; raises if there are none [-0, +0, v]. */
const ExportOutputs *lua_checkoutputs(lua_State *L, int arg);

#endif
