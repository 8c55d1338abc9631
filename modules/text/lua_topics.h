/* modules/text/lua_topics.h - rules of phrases, { { NAME, "a phrase", … }, … }, as bindings read them. */
#ifndef TAMIS_LUA_TOPICS_H
#define TAMIS_LUA_TOPICS_H

#include <lua.h>

#include "text/topics.h"

typedef struct PhraseRules {
  Span *name;            /* [nrules] */
  size_t nrules;
  TopicPhrase *phrase;   /* [n], each with its rule */
  size_t n;
} PhraseRules;

/* The rules under `key` of the table at t, each with a name and `least` phrases or more; what is none raises. The arrays
** are two userdata at the top; the table keeps the strings [-0, +2, v]. */
PhraseRules topics_checkrules(lua_State *L, int t, const char *key, int least);

int text_lua_topics(lua_State *L);

#endif
