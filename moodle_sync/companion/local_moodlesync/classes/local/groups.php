<?php
// This file is part of Moodle - https://moodle.org/
//
// Moodle is free software: you can redistribute it and/or modify
// it under the terms of the GNU General Public License as published by
// the Free Software Foundation, either version 3 of the License, or
// (at your option) any later version.
//
// Moodle is distributed in the hope that it will be useful,
// but WITHOUT ANY WARRANTY; without even the implied warranty of
// MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE.  See the
// GNU General Public License for more details.
//
// You should have received a copy of the GNU General Public License
// along with Moodle.  If not, see <https://www.gnu.org/licenses/>.

/**
 * Groups, and the members that we gave them.
 *
 * @package    local_moodlesync
 * @copyright  2026 moodle_sync contributors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_moodlesync\local;

/**
 * Groups by idnumber. Whom somebody else put into a group stays in it, and never becomes ours.
 */
final class groups implements kind {
    /** Longest name, in characters. */
    private const LONGEST = 254;

    /**
     * Constructor.
     *
     * @param scope $scope the course
     */
    public function __construct(
        /** @var scope the course. */
        private readonly scope $scope,
    ) {
    }

    #[\Override]
    public function name(): string {
        return 'group';
    }

    #[\Override]
    public function parse(payload $payload): item {
        $payload->only('key', 'fields', 'desired');
        $fields = $payload->object('fields')->read([
            'name' => self::parse_name(...),
            'description' => fn(payload $p, string $f) => $p->html($f),
            'members' => self::parse_members(...),
        ]);
        return new item($payload->key('key'), $fields, $payload->digests('desired'), $payload->path);
    }

    #[\Override]
    public function apply(item $item): outcome {
        global $CFG;
        require_once($CFG->dirroot . '/group/lib.php');
        $idnumber = $this->scope->idnumber($item->key, "$item->path.key");
        $row = $this->find($idnumber, "$item->path.key");
        $id = $row ? (int)$row->id : $this->create($idnumber, $item);
        $changed = $this->write($id, $item);
        if (isset($item->fields['members'])) {
            $changed = $this->write_members($id, $item) || $changed;
        }
        $entry = $this->states($id)[0];
        $action = $row ? ($changed ? outcome::UPDATED : outcome::UNCHANGED) : outcome::CREATED;
        return new outcome($action, $id, $entry['state'], ['others' => $entry['others']]);
    }

    /**
     * The groups that have a key. One whose key is there twice is not among them.
     *
     * @param int|null $only one group, null for all
     * @return array entries: key, id, state, others (members who are not ours)
     */
    public function states(?int $only = null): array {
        global $DB;
        $like = $DB->sql_like('idnumber', ':prefix') . ($only === null ? '' : ' AND id = :id');
        $prefix = $DB->sql_like_escape($this->scope->course->idnumber . ':') . '%';
        $rows = $DB->get_records_select(
            'groups',
            "courseid = :courseid AND $like",
            ['courseid' => $this->scope->course->id, 'prefix' => $prefix] + ($only === null ? [] : ['id' => $only]),
            'idnumber, id',
            'id, idnumber, name, description'
        );
        $times = array_count_values(array_column($rows, 'idnumber'));
        $ours = array_filter($rows, fn($row) => $times[$row->idnumber] === 1 && $this->scope->key($row->idnumber) !== null);
        $members = $this->members(array_map(fn($row) => $this->scope->key($row->idnumber), $ours));
        return array_map(fn($row) => [
            'key' => $this->scope->key($row->idnumber),
            'id' => (int)$row->id,
            'state' => [
                'name' => (string)$row->name,
                'description' => (string)$row->description,
                'members' => $members[$row->id]['ours'],
            ],
            'others' => $members[$row->id]['others'],
        ], array_values($ours));
    }

    /**
     * Validates a name. Moodle would take spaces off its ends.
     *
     * @param payload $payload the fields
     * @param string $name the field
     * @return string
     */
    private static function parse_name(payload $payload, string $name): string {
        $value = $payload->text($name, self::LONGEST);
        return trim($value) === $value ? $value : throw failure::payload($payload->at($name), 'has spaces at its ends');
    }

    /**
     * Validates the list of members.
     *
     * @param payload $payload the fields
     * @param string $name the field
     * @return int[] sorted
     */
    private static function parse_members(payload $payload, string $name): array {
        $list = $payload->raw($name);
        if (!is_array($list)) {
            throw failure::payload($payload->at($name), 'must be an array');
        }
        foreach ($list as $i => $userid) {
            if (!is_int($userid) || $userid < 1) {
                throw failure::payload($payload->at("{$name}[$i]"), 'must be the id of a user');
            }
        }
        if (count(array_unique($list)) !== count($list)) {
            throw failure::payload($payload->at($name), 'names somebody twice');
        }
        sort($list, SORT_NUMERIC);
        return $list;
    }

    /**
     * The group of an idnumber.
     *
     * @param string $idnumber its idnumber
     * @param string $path of the key in the request
     * @return \stdClass|null null when there is none
     */
    private function find(string $idnumber, string $path): ?\stdClass {
        global $DB;
        $rows = $DB->get_records('groups', ['courseid' => $this->scope->course->id, 'idnumber' => $idnumber], 'id', 'id');
        if (count($rows) > 1) {
            $ids = implode(', ', array_keys($rows));
            throw new failure('duplicatekey', $path, (object)['idnumber' => $idnumber, 'ids' => $ids]);
        }
        return $rows ? reset($rows) : null;
    }

    /**
     * Makes a group.
     *
     * @param string $idnumber its idnumber
     * @param item $item the item
     * @return int its id
     */
    private function create(string $idnumber, item $item): int {
        if (!isset($item->fields['name'])) {
            throw failure::payload($item->at('name'), 'is missing, and a new group needs one');
        }
        return (int)groups_create_group((object)[
            'courseid' => (int)$this->scope->course->id,
            'idnumber' => $idnumber,
            'name' => $item->fields['name'],
            'description' => $item->fields['description'] ?? '',
            'descriptionformat' => FORMAT_HTML,
        ]);
    }

    /**
     * Writes name and description when they differ.
     *
     * @param int $id the group
     * @param item $item the item
     * @return bool whether they did
     */
    private function write(int $id, item $item): bool {
        global $DB;
        $row = $DB->get_record('groups', ['id' => $id], 'id, courseid, name, description', MUST_EXIST);
        $wanted = array_intersect_key($item->fields, ['name' => 1, 'description' => 1]);
        $changes = values::changes($wanted, ['name' => (string)$row->name, 'description' => (string)$row->description]);
        if (!$changes) {
            return false;
        }
        $conversation = \core_message\api::get_conversation_by_area('core_group', 'groups', $id, $this->scope->context->id);
        groups_update_group((object)($changes + [
            'id' => $id,
            'courseid' => (int)$row->courseid,
            'enablemessaging' => (int)($conversation->enabled ?? 0), // Stays as it is.
        ] + (isset($changes['description']) ? ['descriptionformat' => FORMAT_HTML] : [])));
        return true;
    }

    /**
     * Adds members, and takes out those of ours who are no longer wanted.
     *
     * @param int $id the group
     * @param item $item the item
     * @return bool whether anybody was added or taken out
     */
    private function write_members(int $id, item $item): bool {
        global $DB;
        $there = $this->members([$id => $item->key])[$id];
        $added = array_diff($item->fields['members'], $there['ours'], $there['others']);
        $removed = array_diff($there['ours'], $item->fields['members']);
        foreach ($removed as $userid) {
            groups_remove_member($id, $userid);
            $this->scope->keys->drop(keymap::MEMBER, "$item->key/$userid");
        }
        foreach ($added as $userid) {
            if (!is_enrolled($this->scope->context, $userid) || !groups_add_member($id, $userid)) {
                throw new failure('notenrolled', $item->at('members'), $userid);
            }
            $row = $DB->get_field('groups_members', 'id', ['groupid' => $id, 'userid' => $userid], MUST_EXIST);
            $this->scope->keys->set(keymap::MEMBER, "$item->key/$userid", (int)$row);
        }
        return $added || $removed;
    }

    /**
     * The members of groups: ours are those whom we added, and nobody else since.
     *
     * @param string[] $groups keys of groups, by id
     * @return array id => ['ours' => user ids, 'others' => user ids], sorted
     */
    private function members(array $groups): array {
        global $DB;
        $known = $this->scope->keys->ids(keymap::MEMBER);
        $members = array_fill_keys(array_keys($groups), ['ours' => [], 'others' => []]);
        $columns = 'id, groupid, userid, component';
        foreach ($DB->get_records_list('groups_members', 'groupid', array_keys($groups), 'userid', $columns) as $row) {
            $key = $groups[$row->groupid] . "/$row->userid";
            $ours = $row->component === '' && ($known[$key] ?? 0) === (int)$row->id;
            $members[$row->groupid][$ours ? 'ours' : 'others'][] = (int)$row->userid;
        }
        return $members;
    }
}
