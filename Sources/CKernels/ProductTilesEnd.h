#undef TILE
#undef PICK
#undef STORE
#undef LOAD
#undef LANES
#undef NAME
