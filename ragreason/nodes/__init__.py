"""LangGraph nodes, one file a family."""
