/* modules/edit/lua_edit.c - lines typed at a terminal, for the REPL.
**   local ed, err = edit.new { history = path, lines = 1000, complete = function(line) … end }
**   ed:read("tamis> ")        -- the line; or nil, "end" | "interrupted" | a sentence
**   ed:remember(line)
** complete gets the line up to the cursor and returns an array of words and the byte, from 1, at
** which they begin; what it raises is no completion. */
#include <errno.h>
#include <lauxlib.h>
#include <string.h>

#include "edit/edit.h"

#define EDITOR "tamis.editor"

typedef struct EditorBox {
  Editor *editor;
  Buf line;
  lua_State *L;     /* that reads now */
  int complete;     /* its function, a registry reference */
} EditorBox;

static EditorBox *check_editor(lua_State *L) {
  EditorBox *b = luaL_checkudata(L, 1, EDITOR);
  luaL_argcheck(L, b->editor != NULL, 1, "editor is closed");
  return b;
}

typedef struct CompleteCall { int fn; Span line; EditWords *out; } CompleteCall;

static int call_complete(lua_State *L) {
  CompleteCall *c = lua_touserdata(L, 1);
  lua_rawgeti(L, LUA_REGISTRYINDEX, c->fn);
  lua_pushlstring(L, c->line.ptr, c->line.len);
  lua_call(L, 1, 2);
  luaL_checktype(L, -2, LUA_TTABLE);
  lua_Integer start = luaL_checkinteger(L, -1), n = luaL_len(L, -2);
  if (start < 1) return luaL_error(L, "start is below 1");
  c->out->start = (size_t)start - 1;
  for (lua_Integer i = 1; i <= n; i++) {
    size_t len;
    lua_geti(L, -2, i);
    const char *word = luaL_checklstring(L, -1, &len);
    if (edit_word(c->out, span_of(word, len)) != 0) return luaL_error(L, "not enough memory");
    lua_pop(L, 1);
  }
  return 0;
}

static void complete(void *ctx, Span line, EditWords *out) {
  EditorBox *b = ctx;
  CompleteCall c = { b->complete, line, out };
  if (b->complete == LUA_NOREF || !lua_checkstack(b->L, 4)) return;
  lua_pushcfunction(b->L, call_complete);
  lua_pushlightuserdata(b->L, &c);
  if (lua_pcall(b->L, 1, 0, 0) == LUA_OK) return;
  lua_pop(b->L, 1);
  out->n = 0;
}

static int f_new(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  lua_getfield(L, 1, "history");
  lua_getfield(L, 1, "lines");
  const char *history = luaL_optstring(L, 2, NULL);
  lua_Integer lines = luaL_optinteger(L, 3, 1000);
  luaL_argcheck(L, 1 <= lines && lines <= 1000000, 1, "lines: expected 1 to 1000000");
  EditorBox *b = lua_newuserdatauv(L, sizeof *b, 0);
  *b = (EditorBox){ .complete = LUA_NOREF };
  luaL_setmetatable(L, EDITOR);
  if (lua_getfield(L, 1, "complete") != LUA_TNIL) {
    luaL_checktype(L, -1, LUA_TFUNCTION);
    b->complete = luaL_ref(L, LUA_REGISTRYINDEX);
  } else {
    lua_pop(L, 1);
  }
  Error err = { "" };
  b->editor = edit_new(history, (int)lines, complete, b, &err);
  if (b->editor != NULL) return 1;
  luaL_pushfail(L);
  lua_pushstring(L, err.text);
  return 2;
}

static int editor_read(lua_State *L) {
  EditorBox *b = check_editor(L);
  const char *prompt = luaL_checkstring(L, 2);
  b->L = L;
  EditResult r = edit_read(b->editor, prompt, &b->line);
  if (r == EDIT_LINE) {
    lua_pushlstring(L, b->line.len > 0 ? b->line.ptr : "", b->line.len);
    return 1;
  }
  luaL_pushfail(L);
  if (r == EDIT_FAILED) lua_pushfstring(L, "cannot read from the terminal (%s)", strerror(errno));
  else lua_pushstring(L, r == EDIT_END ? "end" : "interrupted");
  return 2;
}

static int editor_remember(lua_State *L) {
  EditorBox *b = check_editor(L);
  size_t len;
  const char *line = luaL_checklstring(L, 2, &len);
  if (memchr(line, 0, len) == NULL) edit_remember(b->editor, line);
  return 0;
}

static int editor_close(lua_State *L) {
  EditorBox *b = luaL_checkudata(L, 1, EDITOR);
  Editor *old = b->editor;
  b->editor = NULL;
  edit_free(old);
  buf_free(&b->line);
  luaL_unref(L, LUA_REGISTRYINDEX, b->complete);
  b->complete = LUA_NOREF;
  return 0;
}

static const luaL_Reg METHODS[] = {
  { "read",     editor_read },
  { "remember", editor_remember },
  { "close",    editor_close },
  { "__gc",     editor_close },
  { "__close",  editor_close },
  { NULL,       NULL },
};

int luaopen_edit(lua_State *L);
int luaopen_edit(lua_State *L) {
  static const luaL_Reg FUNCTIONS[] = { { "new", f_new }, { NULL, NULL } };
  luaL_newmetatable(L, EDITOR);
  luaL_setfuncs(L, METHODS, 0);
  lua_pushvalue(L, -1);
  lua_setfield(L, -2, "__index");
  luaL_newlib(L, FUNCTIONS);
  return 1;
}
