"""Operations, one typed function each, and the specification that gives them their faces."""
