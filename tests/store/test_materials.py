"""Files of a filing: what is taken, how it lies, who gets at it."""

import io
import sys
import zipfile
from dataclasses import replace
from datetime import timedelta

import pikepdf
import pytest
from PIL import Image
from sqlalchemy import select

from formsvc.sealed import CHUNK
from formsvc.store import drafts, life, materials, rotation
from formsvc.store.errors import Invalid, NotAllowed, NotNow, NotThere
from formsvc.store.keyring import Keyring, Unopenable
from formsvc.store.materials import Purpose, Upload
from formsvc.store.models import Event


def picture(kind="PNG", size=(60, 40)) -> bytes:
    stream = io.BytesIO()
    Image.effect_noise(size, 90).save(stream, kind)
    return stream.getvalue()


def pdf(script: str = "") -> bytes:
    stream = io.BytesIO()
    with pikepdf.new() as made:
        made.add_blank_page()
        if script:
            made.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS=script)
        made.save(stream)
    return stream.getvalue()


def package(*names: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in names:
            archive.writestr(name, "<a/>")
    return stream.getvalue()


@pytest.fixture
def owner(world):
    return world.actor("申报人")


@pytest.fixture
def draft(world, owner) -> int:
    return world.draft(owner, "江西某大学")[0]


def kept(store, actor, id: int, material: int) -> bytes:
    with store.writing(actor) as work, materials.opened(work, id, material) as (_, stream):
        return stream.read()


@pytest.mark.parametrize(
    ("raw", "media"),
    [(picture(), "image/png"), (picture("JPEG"), "image/jpeg"), (pdf(), "application/pdf")],
)
def test_a_file_comes_back_as_it_was_and_lies_sealed(store, owner, draft, raw, media):
    id = materials.add(store, owner, draft, Upload("C:\\证书\\护照 1.bin", raw))
    assert kept(store, owner, draft, id) == raw
    with store.reading(owner) as work:
        (one,) = materials.listed(work, life.find(work, draft))
        title = materials.title(store.keys, one)
        assert (title, one.media_type, one.size) == ("护照 1", media, len(raw))
        kinds = list(work.session.scalars(select(Event.kind).order_by(Event.number)))
    assert kinds[-2:] == ["material-added", "read"]
    (file,) = (store.data / "materials").iterdir()
    assert raw[:16] not in file.read_bytes()


def test_a_large_file_can_be_read_from_anywhere(store, owner, draft):
    raw = picture(size=(900, 900))
    assert len(raw) > 3 * CHUNK
    id = materials.add(store, owner, draft, Upload("a.png", raw))
    with store.writing(owner) as work, materials.opened(work, draft, id) as (_, stream):
        stream.seek(2 * CHUNK - 5)
        assert stream.read(10) == raw[2 * CHUNK - 5 :][:10]


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "空的"),
        (b"MZ\x90\0", "认不出"),
        (b"\x89PNG\r\n\x1a\n" + bytes(50), "损坏"),
        (b"%PDF-1.7\nnothing", "损坏"),
        (pdf("app.alert(1)"), "自动运行"),
        (package("word/document.xml"), "只收"),
        (package("word/document.xml", "word/vbaProject.bin"), "宏"),
        (package("a.txt"), "压缩包"),
        (b"\xd0\xcf\x11\xe0" + bytes(9), "旧版"),
        (pdf() + bytes(materials.MOST_BYTES), "最大 20 MB"),
    ],
)
def test_what_is_not_taken_is_told_why_and_leaves_nothing(store, owner, draft, raw, said):
    with pytest.raises(Invalid, match=said):
        materials.add(store, owner, draft, Upload("a.pdf", raw))
    assert list(store.files.names()) == []


def test_a_filing_has_so_many_files_and_no_more(store, owner, draft, monkeypatch):
    monkeypatch.setattr(materials, "MOST_FILES", 2)
    for _ in range(2):
        materials.add(store, owner, draft, Upload("a.png", picture()))
    with pytest.raises(Invalid, match="最多 2 个"):
        materials.add(store, owner, draft, Upload("a.png", picture()))
    monkeypatch.setattr(materials, "MOST_FILES", 50)
    monkeypatch.setattr(materials, "MOST_BYTES_A_FILING", 2 * len(picture()) + 99)
    with pytest.raises(Invalid, match="合计"):
        materials.add(store, owner, draft, Upload("a.png", picture()))
    monkeypatch.setattr(materials, "MOST_BYTES_A_FILING", 200_000_000)
    monkeypatch.setattr(materials, "MOST_BYTES_IN_DRAFTS", 2 * len(picture()) + 99)
    with pytest.raises(Invalid, match="您的草稿所附的文件"):
        materials.add(store, owner, draft, Upload("a.png", picture()))


@pytest.mark.parametrize(
    ("program", "said"),
    [("import sys; sys.exit(b'IHDR' in sys.stdin.buffer.read())", "病毒"),
     ("raise SystemExit(2)", "暂时无法查毒"), (None, "暂时无法查毒")],
)  # fmt: skip
def test_what_is_infected_or_was_not_looked_at_is_not_kept(store, owner, draft, program, said):
    command = (sys.executable, "-c", program) if program else ("/nowhere/scanner",)
    careful = replace(store, settings=replace(store.settings, scan_command=command))
    with pytest.raises(Invalid, match=said):
        materials.add(careful, owner, draft, Upload("a.png", picture()))
    assert list(store.files.names()) == []
    clean = (sys.executable, "-c", "import sys; sys.stdin.buffer.read()")
    careful = replace(store, settings=replace(store.settings, scan_command=clean))
    assert materials.add(careful, owner, draft, Upload("a.png", picture()))


def test_files_are_taken_away_only_while_the_filing_can_be_changed(world, owner):
    store = world.store
    id, revision = world.draft(owner, "江西某大学")
    first = materials.add(store, owner, id, Upload("a.png", picture()))
    gone = materials.add(store, owner, id, Upload("b.png", picture()))
    materials.remove(store, owner, id, gone)
    assert len(list(store.files.names())) == 1
    with store.writing(owner) as work:
        life.hand_in(work, id, revision)
    with pytest.raises(NotAllowed):
        materials.remove(store, owner, id, first)
    with pytest.raises(NotAllowed):
        materials.add(store, owner, id, Upload("a.png", picture()))
    with store.writing(owner) as work:
        life.withdraw(work, id, life.find(work, id).revision)
    with pytest.raises(NotNow, match="留存"):
        materials.remove(store, owner, id, first)


def test_what_goes_with_a_version_to_come_is_its_owner_s_alone(world, owner):
    store = world.store
    id, revision = world.draft(owner, "江西某大学")
    proof = materials.add(store, owner, id, Upload("a.png", picture()))
    unit = world.actor("单位")
    with pytest.raises(NotThere):
        kept(store, unit, id, proof)
    with store.writing(owner) as work:
        life.hand_in(work, id, revision)
    assert kept(store, unit, id, proof)
    with pytest.raises(NotThere):
        kept(store, world.actor("财政"), id, proof)
    with store.writing(owner) as work:
        life.withdraw(work, id, life.find(work, id).revision)
    later = materials.add(store, owner, id, Upload("b.png", picture()))
    with pytest.raises(NotThere):
        kept(store, unit, id, later)
    with pytest.raises(NotThere):
        kept(store, unit, id + 999, later)


def test_a_file_without_a_row_is_swept_when_nobody_writes_it_any_more(store, owner, draft, clock):
    raw = picture()
    id = materials.add(store, owner, draft, Upload("a.png", raw))
    orphan = f"{clock():%Y%m%dT%H%M%S}-{'0' * 32}"
    for name in (orphan, f".{orphan}.part", "notes.txt"):
        (store.data / "materials" / name).write_bytes(b"x")
    assert materials.sweep(store) == 0
    clock.now += timedelta(hours=7)
    assert materials.sweep(store) == 2
    assert len(list(store.files.names())) == 2
    assert kept(store, owner, draft, id) == raw
    with store.writing(owner) as work:
        drafts.discard(work, draft, life.find(work, draft).revision)
    assert materials.sweep(store) == 1


def test_a_rotation_seals_keys_anew_and_leaves_files_as_they_are(store, owner, draft):
    raw = picture()
    id = materials.add(store, owner, draft, Upload("a.png", raw))
    (file,) = (store.data / "materials").iterdir()
    before = file.read_bytes()
    assert rotation.rotate(store) > 0
    assert len(Keyring.load(store.key_file.path).sealing) == 1
    assert file.read_bytes() == before
    assert kept(store, owner, draft, id) == raw


def test_a_file_that_was_changed_or_is_gone_does_not_open(store, owner, draft):
    id = materials.add(store, owner, draft, Upload("a.png", picture()))
    (file,) = (store.data / "materials").iterdir()
    sealed = file.read_bytes()
    for broken in (sealed[:-1], sealed[:-1] + bytes([sealed[-1] ^ 1]), None):
        file.unlink() if broken is None else file.write_bytes(broken)
        with pytest.raises(Unopenable):
            kept(store, owner, draft, id)


def test_a_scan_is_taken_only_where_a_stage_stamps(world, owner):
    store = world.store
    id, revision = world.draft(owner, "江西某大学")
    with pytest.raises(NotNow, match="先提交"):
        materials.add(store, owner, id, Upload("a.png", picture(), Purpose.SCAN))
    with store.writing(owner) as work:
        life.hand_in(work, id, revision)
    for name in ("单位", "部门"):
        with pytest.raises((NotAllowed, NotThere)):
            materials.add(store, owner, id, Upload("a.png", picture(), Purpose.SCAN))
        assert materials.add(store, world.actor(name), id, Upload("a.png", picture(), Purpose.SCAN))
        world.passed(world.actor(name), id)
    with pytest.raises(NotNow, match="不盖章"):
        materials.add(store, world.actor("省厅"), id, Upload("a.png", picture(), Purpose.SCAN))


def test_files_lie_in_an_object_store_as_they_do_in_a_folder(tmp_path, monkeypatch, clock):
    import boto3
    import fsspec
    from moto.server import ThreadedMotoServer

    from formsvc.config import Settings
    from formsvc.store.store import Store

    from .world import jiangxi

    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    for name, value in {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b",
                        "AWS_DEFAULT_REGION": "us-east-1",
                        "AWS_ENDPOINT_URL": f"http://{host}:{port}"}.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    try:
        boto3.client("s3").create_bucket(Bucket="files")
        settings = Settings(data=tmp_path / "data", materials="s3://files/materials")
        store = Store.open(settings, clock)
        world = jiangxi(store)
        owner = world.actor("申报人")
        draft, _ = world.draft(owner, "江西某大学")
        raw = picture(size=(900, 900))
        id = materials.add(store, owner, draft, Upload("a.png", raw))
        assert kept(store, owner, draft, id) == raw
        (name,) = store.files.names()
        sealed = boto3.client("s3").get_object(Bucket="files", Key=f"materials/{name}")
        assert raw[:16] not in sealed["Body"].read()
        with store.files.create(f"{clock():%Y%m%dT%H%M%S}-0") as stream:
            stream.write(b"orphan")
        clock.now += timedelta(hours=7)
        assert materials.sweep(store) == 1
        materials.remove(store, owner, draft, id)
        assert list(store.files.names()) == []
        store.engine.dispose()
    finally:
        fsspec.filesystem("s3").clear_instance_cache()
        server.stop()
