"""What the task API does to create a task, in FastAPI: the token, the input, one transaction with the user's number, the
task, its change and two outbox rows. Beside it the benchmark measures ours, on the same PostgreSQL.

    uvicorn fastapi_service:app --port 9000 --log-level warning
"""

import datetime
import json
import os
import uuid
from contextlib import asynccontextmanager
from typing import Annotated, Literal

import asyncpg
import jwt
from fastapi import Depends, FastAPI, Header, HTTPException
from pydantic import AwareDatetime, BaseModel, Field

SECRET = os.environ["BENCHMARK_SECRET"]
SCHEMA = """
CREATE TABLE IF NOT EXISTS fast_users (user_id TEXT PRIMARY KEY, seq BIGINT NOT NULL);
CREATE TABLE IF NOT EXISTS fast_tasks (user_id TEXT NOT NULL, id BIGINT GENERATED ALWAYS AS IDENTITY, completed BOOLEAN NOT NULL,
    priority TEXT NOT NULL, due_at TIMESTAMPTZ, created_at TIMESTAMPTZ NOT NULL, tags TEXT[] NOT NULL, title TEXT NOT NULL,
    description TEXT NOT NULL, version INT NOT NULL, PRIMARY KEY (user_id, id));
CREATE TABLE IF NOT EXISTS fast_changes (user_id TEXT NOT NULL, seq BIGINT NOT NULL, data TEXT NOT NULL,
    PRIMARY KEY (user_id, seq));
CREATE TABLE IF NOT EXISTS fast_outbox (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, topic TEXT NOT NULL,
    key TEXT NOT NULL, event_id TEXT NOT NULL, bytes BYTEA NOT NULL, created_at TIMESTAMPTZ NOT NULL);
"""


class TaskInput(BaseModel):
    title: str = Field(min_length=1, max_length=500)
    description: str = Field("", max_length=10_000)
    priority: Literal["low", "medium", "high"] = "medium"
    tags: list[Annotated[str, Field(min_length=1, max_length=50)]] = Field(default_factory=list, max_length=20)
    due_at: AwareDatetime | None = None


class Task(TaskInput):
    id: int
    user_id: str
    completed: bool
    version: int
    created_at: datetime.datetime
    updated_at: datetime.datetime


@asynccontextmanager
async def lifespan(app):
    app.state.pool = await asyncpg.create_pool(os.environ["BENCHMARK_DATABASE"], min_size=6, max_size=6)
    async with app.state.pool.acquire() as connection:
        await connection.execute(SCHEMA)
    yield
    await app.state.pool.close()


app = FastAPI(lifespan=lifespan)


def user(user_id: str, authorization: Annotated[str, Header()]) -> str:
    try:
        claims = jwt.decode(authorization.removeprefix("Bearer "), SECRET, algorithms=["HS256"], audience="todo")
    except jwt.InvalidTokenError as problem:
        raise HTTPException(401, "invalid token") from problem
    if claims["sub"] != user_id:
        raise HTTPException(403, "another user's")
    return user_id


@app.post("/api/{user_id}/tasks", status_code=201)
async def create(task: TaskInput, owner: Annotated[str, Depends(user)]) -> Task:
    now = datetime.datetime.now(datetime.timezone.utc)
    async with app.state.pool.acquire() as connection, connection.transaction():
        sequence = await connection.fetchval(
            "INSERT INTO fast_users VALUES ($1, 1) ON CONFLICT (user_id) DO UPDATE SET seq = fast_users.seq + 1 RETURNING seq",
            owner)
        number = await connection.fetchval(
            "INSERT INTO fast_tasks (user_id, completed, priority, due_at, created_at, tags, title, description, version)"
            " VALUES ($1, false, $2, $3, $4, $5, $6, $7, 1) RETURNING id",
            owner, task.priority, task.due_at, now, task.tags, task.title, task.description)
        made = Task(**task.model_dump(), id=number, user_id=owner, completed=False, version=1, created_at=now, updated_at=now)
        data = made.model_dump(mode="json")
        event = str(uuid.uuid4())
        change = {"event_id": event, "event_type": "created", "task_id": number, "user_id": owner,
                  "timestamp": now.isoformat(), "task_version": 1, "user_seq": sequence, "task_data": data}
        await connection.execute("INSERT INTO fast_changes VALUES ($1, $2, $3)", owner, sequence, json.dumps(change))
        envelope = {"specversion": "1.0", "id": event, "source": "/todo/task-api", "type": "task.created",
                    "subject": str(number), "time": now.isoformat(), "datacontenttype": "application/json",
                    "partitionkey": owner, "data": {**change, "actor": {"kind": "user", "id": owner}, "reason": None}}
        await connection.executemany(
            "INSERT INTO fast_outbox (topic, key, event_id, bytes, created_at) VALUES ($1, $2, $3, $4, $5)",
            [("task-events", owner, event, json.dumps(envelope).encode(), now),
             ("task-updates", owner, str(uuid.uuid4()), json.dumps({**envelope, "type": "task.changed"}).encode(), now)])
        await connection.execute("NOTIFY fast_outbox")
    return made
