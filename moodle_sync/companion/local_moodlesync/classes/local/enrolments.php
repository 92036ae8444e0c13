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
 * Enrolments.
 *
 * @package    local_moodlesync
 * @copyright  2026 moodle_sync contributors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_moodlesync\local;

/**
 * Manual enrolments by key. Who was enrolled by hand stays as they are, and never becomes ours.
 */
final class enrolments implements kind {
    /** Our words for user_enrolments.status. */
    private const STATUS = [ENROL_USER_ACTIVE => 'active', ENROL_USER_SUSPENDED => 'suspended'];

    /** @var int[]|null the roles that we gave, by key. */
    private ?array $given = null;

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
        return 'enrolment';
    }

    #[\Override]
    public function parse(payload $payload): item {
        $payload->only('key', 'userid', 'fields', 'desired');
        $fields = $payload->object('fields')->read([
            'role' => fn(payload $p, string $f) => $p->text($f, 100),
            'status' => fn(payload $p, string $f) => $p->choice($f, self::STATUS),
            'start' => fn(payload $p, string $f) => $p->moment($f),
            'end' => fn(payload $p, string $f) => $p->moment($f),
        ]);
        $more = ['userid' => $payload->int('userid', 1)];
        return new item($payload->key('key'), $fields, $payload->digests('desired'), $payload->path, $more);
    }

    #[\Override]
    public function apply(item $item): outcome {
        $userid = $item->more['userid'];
        $rows = $this->rows();
        $ours = $rows[$this->scope->keys->id(keymap::ENROLMENT, $item->key) ?? 0] ?? null;
        if ($ours && (int)$ours->userid !== $userid) {
            $a = (object)['key' => $item->key, 'userid' => $ours->userid];
            throw new failure('foreignkey', "$item->path.userid", $a);
        }
        $there = $ours ?? array_column($rows, null, 'userid')[$userid] ?? null;
        if ($there && !$ours) {
            $key = $this->scope->keys->keys(keymap::ENROLMENT)[$there->id] ?? null;
            if ($key !== null) {
                throw new failure('foreignkey', "$item->path.userid", (object)['key' => $key, 'userid' => $userid]);
            }
            return new outcome(outcome::UNCHANGED, (int)$there->id, $this->state($there, null), ['foreign' => true], false);
        }
        $changed = $there ? $this->update($there, $item) : $this->create($item);
        $row = array_column($this->rows($userid), null, 'userid')[$userid];
        $this->scope->keys->set(keymap::ENROLMENT, $item->key, (int)$row->id);
        $action = $there ? ($changed ? outcome::UPDATED : outcome::UNCHANGED) : outcome::CREATED;
        return new outcome($action, (int)$row->id, $this->state($row, $item->key), ['foreign' => false]);
    }

    /**
     * The enrolments that have a key.
     *
     * @return array entries
     */
    public function states(): array {
        $rows = $this->rows();
        $entries = [];
        foreach ($this->scope->keys->ids(keymap::ENROLMENT) as $key => $id) {
            if (isset($rows[$id])) {
                $entries[] = [
                    'key' => (string)$key,
                    'id' => $id,
                    'userid' => (int)$rows[$id]->userid,
                    'state' => $this->state($rows[$id], (string)$key),
                ];
            }
        }
        return $entries;
    }

    /**
     * Enrols a person.
     *
     * @param item $item the item
     * @return bool
     */
    private function create(item $item): bool {
        $userid = $item->more['userid'];
        $user = \core_user::get_user($userid);
        if (!$user || $user->deleted || isguestuser($user)) {
            throw new failure('nosuchuser', "$item->path.userid", $userid);
        }
        if (!isset($item->fields['role'])) {
            throw failure::payload($item->at('role'), 'is missing, and a new enrolment needs one');
        }
        $roleid = $this->assignable($item->fields['role'], $item->at('role'));
        enrol_get_plugin('manual')->enrol_user(
            $this->instance($item->path),
            $userid,
            $roleid,
            $item->fields['start'] ?? 0,
            $item->fields['end'] ?? 0,
            array_search($item->fields['status'] ?? 'active', self::STATUS, true)
        );
        $this->scope->keys->set(keymap::ROLE, $item->key, $roleid);
        return true;
    }

    /**
     * Writes the fields that differ.
     *
     * @param \stdClass $row of rows()
     * @param item $item the item
     * @return bool whether any did
     */
    private function update(\stdClass $row, item $item): bool {
        $state = $this->state($row, $item->key);
        $changes = values::changes($item->fields, $state);
        if (array_diff_key($changes, ['role' => 1])) {
            $after = $changes + $state;
            enrol_get_plugin('manual')->update_user_enrol(
                $this->instance($item->path),
                $row->userid,
                array_search($after['status'], self::STATUS, true),
                $after['start'] ?? 0,
                $after['end'] ?? 0
            );
        }
        if (isset($changes['role'])) {
            $roleid = $this->assignable($changes['role'], $item->at('role'));
            $old = $this->scope->keys->id(keymap::ROLE, $item->key);
            role_assign($roleid, $row->userid, $this->scope->context->id);
            if ($old && $old !== $roleid) { // Another role that somebody gave by hand stays.
                role_unassign($old, $row->userid, $this->scope->context->id);
            }
            $this->scope->keys->set(keymap::ROLE, $item->key, $roleid);
        }
        return (bool)$changes;
    }

    /**
     * The fields of an enrolment. Of several roles, the one that we gave.
     *
     * @param \stdClass $row of rows()
     * @param string|null $key its key, null when it is not ours
     * @return array
     */
    private function state(\stdClass $row, ?string $key): array {
        global $DB;
        static $roles = null;
        $roles ??= $DB->get_records_menu('role', null, 'sortorder', 'id, shortname');
        $given = $key === null ? null : $this->given_roles()[$key] ?? null;
        $role = in_array($given, $row->roles, true) ? $given : (array_values($row->roles)[0] ?? null);
        return [
            'role' => $roles[$role] ?? null,
            'status' => self::STATUS[(int)$row->status],
            'start' => values::moment($row->timestart),
            'end' => values::moment($row->timeend),
        ];
    }

    /**
     * The roles that we gave.
     *
     * @return int[] by key
     */
    private function given_roles(): array {
        return $this->given ??= $this->scope->keys->ids(keymap::ROLE);
    }

    /**
     * All manual enrolments of the course, with the roles that are assigned by hand in it.
     *
     * @param int|null $userid one person, null for all
     * @return \stdClass[] by id of the enrolment
     */
    private function rows(?int $userid = null): array {
        global $DB;
        $this->given = null;
        $person = $userid ? ' AND ue.userid = :userid' : '';
        $params = ['courseid' => $this->scope->course->id] + ($userid ? ['userid' => $userid] : []);
        $rows = $DB->get_records_sql(
            "SELECT ue.id, ue.userid, ue.status, ue.timestart, ue.timeend
               FROM {user_enrolments} ue
               JOIN {enrol} e ON e.id = ue.enrolid
              WHERE e.courseid = :courseid AND e.enrol = 'manual' $person
           ORDER BY ue.id",
            $params
        );
        $roles = [];
        $conditions = ['contextid' => $this->scope->context->id, 'component' => ''] + ($userid ? ['userid' => $userid] : []);
        foreach ($DB->get_records('role_assignments', $conditions, 'id', 'id, userid, roleid') as $assignment) {
            $roles[$assignment->userid][] = (int)$assignment->roleid;
        }
        foreach ($rows as $row) {
            $row->roles = $roles[$row->userid] ?? [];
        }
        return $rows;
    }

    /**
     * The id of a role that the caller may assign here.
     *
     * @param string $shortname of the role
     * @param string $path of the role in the request
     * @return int
     */
    private function assignable(string $shortname, string $path): int {
        global $DB;
        $id = (int)$DB->get_field('role', 'id', ['shortname' => $shortname]);
        if (!$id) {
            throw new failure('nosuchkey', $path, (object)['kind' => 'role', 'key' => $shortname]);
        }
        if (!array_key_exists($id, get_assignable_roles($this->scope->context))) {
            throw new failure('rolenotassignable', $path, $shortname);
        }
        return $id;
    }

    /**
     * The course's manual enrolment instance, made when there is none.
     *
     * @param string $path of the item in the request
     * @return \stdClass
     */
    private function instance(string $path): \stdClass {
        global $DB;
        $plugin = enrol_is_enabled('manual') ? enrol_get_plugin('manual') : null;
        if (!$plugin) {
            throw new failure('manualdisabled', $path);
        }
        $which = ['courseid' => $this->scope->course->id, 'enrol' => 'manual'];
        $instances = $DB->get_records('enrol', $which, 'status, sortorder, id', '*', 0, 1);
        if (!$instances) {
            $settings = ['status' => ENROL_INSTANCE_ENABLED, 'roleid' => $plugin->get_config('roleid')];
            $plugin->add_instance($this->scope->course, $settings);
            $instances = $DB->get_records('enrol', $which);
        }
        $instance = reset($instances);
        if ((int)$instance->status !== ENROL_INSTANCE_ENABLED) {
            throw new failure('manualdisabled', $path);
        }
        return $instance;
    }
}
