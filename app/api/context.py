"""What every route is given: the application's context."""

from typing import Annotated

from fastapi import Depends, Request

from app.services.context import Context


async def context_of(request: Request) -> Context:  # a plain function would cost a thread hop
    """The context that `create_app` was given."""
    context: Context = request.app.state.context
    return context


InContext = Annotated[Context, Depends(context_of)]
