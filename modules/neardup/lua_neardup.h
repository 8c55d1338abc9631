/* modules/neardup/lua_neardup.h - parameters that several bindings of stages that remove copies read: of the table
** at index 2, checked; each raises for what is wrong. [-0, +0, v] */
#ifndef TAMIS_LUA_NEARDUP_H
#define TAMIS_LUA_NEARDUP_H

#include <lua.h>

#include "neardup/neardup.h"

LeaderParams lua_check_leaders(lua_State *L);
TemplateParams lua_check_template(lua_State *L, const LeaderParams *p);
Turns lua_check_turns(lua_State *L);       /* all when absent */
unsigned lua_check_fields(lua_State *L);   /* NEARDUP_FIELDS when absent */

/* What leaders takes of any similarity: threshold, floor, evidence_pairs, cluster, keep, max_cluster. */
LeaderParams lua_check_clusters(lua_State *L);
const double *lua_check_rank(lua_State *L, const View *v);   /* the column that `rank` names; NULL when absent */
/* The table of rows visited again at arg: its arrays are userdata on the stack [-0, +2, v] */
NeardupAgain lua_check_again(lua_State *L, const View *v, int arg);
/* A verdict list at arg, or a view and the table's `stage`; it lives as long as the argument. */
SweepEvidence lua_check_evidence(lua_State *L, int arg);
/* `thresholds`, each at the floor or above: a userdata on the stack; and `margin` [-0, +1, v] */
SweepParams lua_check_thresholds(lua_State *L, const LeaderParams *p);
/* The states of rows at arg, a character a row, and their rank, a column of stats at arg + 3 or nil: a
** userdata on the stack [-0, +1, v] */
SweepRows lua_check_states(lua_State *L, int arg);
/* Room for steps, a userdata that frees them [-0, +1, m]; and what they say as a table [-0, +1, m]. */
SweepStep *lua_new_steps(lua_State *L, const SweepParams *s);
void lua_push_steps(lua_State *L, const SweepStep *step, size_t n);
/* Figures of clusters, into the table at the top [-0, +0, m] */
void lua_set_clusters(lua_State *L, const ClusterFigures *f, size_t open, uint32_t loosest_twin);

#endif
